import { BotId, Ed25519PublicJwk, MachineGeneration } from '@trawling/contracts';
import { z } from 'zod';

/** One enrolled machine, as it would speak for itself. */
export const SimulatedIdentity = z.object({
  bot_id: BotId,
  generation: MachineGeneration,
  /** `ttb_<id>_<secret>`, active. */
  credential: z.string().startsWith('ttb_'),
});
export type SimulatedIdentity = z.infer<typeof SimulatedIdentity>;

/** Who the simulated bots are. It holds credentials: keep it 0600 and short-lived. */
export const FleetFile = z.object({
  /** What machines pin at provisioning; key sets are held to it. */
  root_public_jwk: Ed25519PublicJwk,
  bots: z.array(SimulatedIdentity).min(1),
});
export type FleetFile = z.infer<typeof FleetFile>;
