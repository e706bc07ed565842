import { type Clock } from '@trawling/runtime';
import { isAlive, type ProcessIdentity } from '../processes/process-identity.js';

/** Whether the gateway on this port says it is alive. Unknown paths answer 200 with HTML: the type is part of the answer. */
export async function isGatewayAlive(port: number, timeoutMs = 2_000): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.status === 200 && (response.headers.get('content-type') ?? '').includes('json');
  } catch {
    return false;
  }
}

/** False as soon as the process is gone, or when it has said nothing within `timeoutMs`. */
export async function waitUntilAlive(
  clock: Clock,
  gateway: { process: ProcessIdentity; port: number; timeoutMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = clock.monotonicMs() + gateway.timeoutMs;
  while (!signal.aborted && clock.monotonicMs() < deadline && (await isAlive(gateway.process))) {
    if (await isGatewayAlive(gateway.port)) return true;
    await clock.sleep(250, signal);
  }
  return false;
}
