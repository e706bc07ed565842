import { type AckError } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { type GatewayClient } from '../gateway/gateway-client.js';
import { type AgentState, type Probation } from '../state/agent-state.js';

export interface WatchAppliedDeps {
  state: AgentState;
  gateway: Pick<GatewayClient, 'state' | 'restarts'>;
  clock: Clock;
  logger: Logger;
}

/** A version that was applied is watched this long, in milliseconds. */
const WATCH_MS = 120_000;
/** A gateway that is away this long does not come back by itself: a start takes half a minute at most. */
const DOWN_MS = 90_000;
/** One restart happens; this many are a loop. */
const MAX_RESTARTS = 3;

/**
 * Called again and again: sees whether the gateway stays healthy with the version that was just applied. A version
 * that OpenClaw accepted and then dies of is taken back: what ran before is restored, and the version has failed. Keeps
 * still while another one is tried.
 */
export function createAppliedWatch(deps: WatchAppliedDeps): () => Promise<void> {
  const { state, gateway, clock, logger } = deps;
  let watched: { hash: string; fromMs: number; restarts: number; downFromMs: number | null } | null = null;

  return async () => {
    const probation = state.probation.current();
    if (probation === null) return;
    const nowMs = clock.monotonicMs();
    const { hash, version } = probation.payload;
    const attempt = state.attempt.current();
    if (attempt && (attempt.payload.hash !== hash || attempt.verdict === null)) {
      // Whatever the gateway does now may be the doing of the newer one: the watch begins anew if that one fails.
      watched = null;
      return;
    }
    if (watched?.hash !== hash) watched = { hash, fromMs: nowMs, restarts: gateway.restarts(), downFromMs: null };
    const ready = gateway.state() === 'ready';
    watched.downFromMs = ready ? null : (watched.downFromMs ?? nowMs);

    const restarts = gateway.restarts() - watched.restarts;
    const downMs = watched.downFromMs === null ? 0 : nowMs - watched.downFromMs;
    const takingBack = state.applied.current()?.payload.hash !== hash;
    if (takingBack || restarts >= MAX_RESTARTS || downMs > DOWN_MS) {
      const why = downMs > DOWN_MS ? `did not come back within ${DOWN_MS / 1000} seconds` : `was started again ${restarts} times`;
      logger.error({ config_version: version, restarts, down_ms: downMs }, 'the gateway is not healthy with the version that was applied; taking it back');
      await takeBack(deps, probation, { code: 'unhealthy-after-apply', message: `OpenClaw took version ${version}, but its gateway ${why} after it` });
      watched = null;
    } else if (ready && nowMs - watched.fromMs > WATCH_MS) {
      await state.probation.remove();
    }
  };
}

/** Killed in between, it begins again: what ran before is `applied` first, the watch goes last. */
async function takeBack({ state, clock }: WatchAppliedDeps, { payload, base, previous }: Probation, verdict: AckError): Promise<void> {
  if (base.config !== null) await state.writeGoodConfig(base.config);
  if (previous) await state.applied.write(previous);
  else await state.applied.remove();
  await state.attempt.write({ payload, started_at: clock.now().toISOString(), spent_ms: 0, base, superseded: [], verdict });
  await state.probation.remove();
}
