import { type BotConfigPayload } from '@trawling/contracts';
import { type Fence } from '../state/agent-state.js';

/**
 * What the bot may do when nobody could tell it otherwise: its offline policy once the lease could not be renewed for
 * `offline_after` seconds, and nothing once its machine no longer speaks for it.
 */
export function fenceFor(input: {
  payload: Pick<BotConfigPayload, 'agent_config'>;
  /** Since the sync-adapter last answered a heartbeat, or the agent started to wait for that. */
  silentSeconds: number;
  gone: boolean;
}): Fence {
  if (input.gone) return 'stop';
  const { offline_policy, offline_after } = input.payload.agent_config;
  if (offline_policy === 'continue' || input.silentSeconds < offline_after) return 'none';
  return offline_policy;
}
