/**
 * Waits until `condition` gives something truthy, and returns it. An error it throws counts as "not yet".
 * Rejects after `timeoutMs` (15 s) with what was last seen.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; intervalMs?: number; message?: string } = {},
): Promise<NonNullable<T>> {
  const { timeoutMs = 15_000, intervalMs = 20, message = 'the condition did not come true' } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await condition();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`${message} within ${timeoutMs} ms; last seen: ${last instanceof Error ? last.message : String(last)}`, {
        cause: last,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
