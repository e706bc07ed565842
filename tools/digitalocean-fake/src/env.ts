import { z } from 'zod';
import { Faults, Timings } from './faults.js';

const json = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .default('{}')
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

export const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4105).describe('port to listen on'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on'),
  SEED: z.coerce.number().int().default(1).describe('of all that is random'),
  FAULTS: json(Faults).describe('JSON: odds of each fault by kind of request, as in faults.ts'),
  TIMINGS: json(Timings).describe('JSON: how long things take in milliseconds, as in faults.ts'),
});
export type Env = z.output<typeof Env>;
