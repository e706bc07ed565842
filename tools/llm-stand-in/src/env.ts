import { z } from 'zod';

export const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4104).describe('port to listen on'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on'),
});
export type Env = z.infer<typeof Env>;
