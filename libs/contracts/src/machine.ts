import { z } from 'zod';

/**
 * Life of one machine generation, as stored. `wanted` is the intent row made with the bot;
 * `create_unknown` means the create call ended without a clear answer and must settle before another one.
 */
export const MachineState = z.enum([
  'wanted',
  'creating',
  'create_unknown',
  'booting',
  'online',
  'off',
  'failed',
  'destroying',
  /** Newer than the database knows, as after a restore: nobody touches it until somebody decides. */
  'held',
  'gone',
]);
export type MachineState = z.infer<typeof MachineState>;

/** What a driver says about one machine. */
export const ProviderState = z.enum(['pending', 'running', 'off', 'gone']);
export type ProviderState = z.infer<typeof ProviderState>;

/** As an owner reads it at GET /bots/{id}. */
export const MachineView = z.object({
  generation: z.int(),
  driver: z.string(),
  state: MachineState,
  /** Why it is in this state, in a sentence. */
  reason: z.string(),
  /** What happens next, and when it is overdue. */
  next_step: z.string(),
  /** When the next step is due or the state is overdue; null when nothing is waited for. */
  deadline: z.string().nullable(),
  provider_id: z.string().nullable(),
  boot_stage: z.string().nullable(),
  since: z.string(),
});
export type MachineView = z.infer<typeof MachineView>;
