import { away } from '../gateway/gateway-error.js';
import { type ApplyDeps } from './apply-deps.js';

/** A restart in process takes 2.4 s, a start of the process 6 to 30 s. */
const CONNECT_MS = 60_000;
const READY_MS = 60_000;
/** Hot changes settle in half a second. */
const SETTLE_MS = 30_000;
const LOOK_MS = 150;

/** Waits until the gateway is connected (in another boot than `notBootId`, if given) and says ready. Throws `away`. */
export async function waitUntilReady(
  deps: Pick<ApplyDeps, 'gateway' | 'isReady' | 'clock'>,
  { notBootId = null, connectMs = CONNECT_MS }: { notBootId?: string | null; connectMs?: number } = {},
): Promise<void> {
  await deps.gateway.whenConnected(connectMs, notBootId);
  const deadline = deps.clock.monotonicMs() + READY_MS;
  while (!(await deps.isReady())) {
    if (deps.clock.monotonicMs() > deadline) throw away('the gateway is connected but does not get ready');
    await deps.clock.sleep(LOOK_MS);
  }
}

/**
 * Waits until what the file says is what the gateway runs. After writing the file itself, `notHash` is the hash of the
 * content before: the gateway notices a moment later (0.3 s, measured) and tells of the old content until then.
 * Throws `away` when it takes too long.
 */
export async function waitUntilSettled(
  deps: Pick<ApplyDeps, 'gateway' | 'api' | 'clock'>,
  { notHash = null }: { notHash?: string | null } = {},
): Promise<void> {
  const deadline = deps.clock.monotonicMs() + SETTLE_MS;
  for (;;) {
    await deps.gateway.whenConnected(CONNECT_MS);
    const snapshot = await deps.api.configGet();
    const applied = snapshot.valid && snapshot.configRevisionHash !== null && snapshot.configRevisionHash === snapshot.appliedConfigHash;
    if (applied && snapshot.hash !== notHash) return;
    if (deps.clock.monotonicMs() > deadline) throw away('the gateway does not take the config over');
    await deps.clock.sleep(LOOK_MS);
  }
}
