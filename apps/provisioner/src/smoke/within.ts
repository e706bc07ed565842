import { systemClock } from '@trawling/runtime';

/** Looks every `lookMs` until `check` is true. Throws after `ms`, or when `signal` aborts. */
export async function within(
  options: { what: string; ms: number; lookMs: number; signal: AbortSignal },
  check: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = systemClock.monotonicMs() + options.ms;
  while (!(await check())) {
    options.signal.throwIfAborted();
    if (systemClock.monotonicMs() > giveUpAt) throw new Error(`it was not so within ${options.ms / 1000} s that ${options.what}`);
    await systemClock.sleep(options.lookMs, options.signal);
  }
}
