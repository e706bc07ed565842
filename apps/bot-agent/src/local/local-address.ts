import { z } from 'zod';

/** local-reports.json: where this machine's agent takes reports, and the token that it wants to see. */
export const LocalAddress = z.object({ url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }), token: z.string().min(20) });
export type LocalAddress = z.infer<typeof LocalAddress>;
