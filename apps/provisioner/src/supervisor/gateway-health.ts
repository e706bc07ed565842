import { type Clock } from '@trawling/runtime';

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

export async function waitUntilAlive(clock: Clock, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = clock.monotonicMs() + timeoutMs;
  while (!signal.aborted && clock.monotonicMs() < deadline) {
    if (await isGatewayAlive(port)) return true;
    await clock.sleep(250, signal);
  }
  return false;
}
