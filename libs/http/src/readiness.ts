import { type Clock, type Logger, systemClock, waitAtMost } from '@trawling/runtime';
import { type ReadinessChecks } from './health-routes.js';

/** Passes unless it says false, rejects, or takes too long. What it rejects with is for the log only. */
export type ReadinessCheck = () => unknown;

export type ReadinessWatch = {
  /** Asks all of them now, each for a bounded time. Who asks while they are being asked hears the same answers. */
  check: () => Promise<ReadinessChecks>;
  /** Of the last time they were asked, for who cannot wait; null when everything passed. Names the checks and nothing of the inside. */
  impairedBy: () => string | null;
  /** Asks no more. */
  close: () => Promise<void>;
};

export type ReadinessOptions = {
  logger: Logger;
  clock?: Clock;
  /** Milliseconds between two rounds that nobody asked for. */
  everyMs?: number;
  /** Milliseconds after which no answer counts as a refusal. */
  withinMs?: number;
};

/**
 * What the process needs to do its work, looked at again and again, so that its published health follows although nobody
 * asks for `/readyz`. Says in the log when a check begins to fail and when it passes again, once each.
 */
export function watchReadiness(checks: Readonly<Record<string, ReadinessCheck>>, options: ReadinessOptions): ReadinessWatch {
  const { logger, clock = systemClock, everyMs = 2_000, withinMs = 2_000 } = options;
  const closing = new AbortController();
  const impatientOnceClosing: Pick<Clock, 'sleep'> = {
    sleep: (ms, signal) => clock.sleep(ms, AbortSignal.any([closing.signal, ...(signal ? [signal] : [])])),
  };
  let failing: string[] = [];
  let round: Promise<ReadinessChecks> | null = null;

  const ask = async (name: string, check: ReadinessCheck): Promise<[string, boolean]> => {
    let answer: { ok: boolean; error?: unknown } = { ok: false, error: new Error(`no answer within ${withinMs} ms`) };
    const asked = Promise.resolve().then(check).then((value) => ({ ok: value !== false }), (error: unknown) => ({ ok: false, error }));
    await waitAtMost(impatientOnceClosing, withinMs, asked.then((given) => (answer = given)));
    const { ok, ...why } = answer;
    const failed = failing.includes(name);
    if (!ok && !failed && !closing.signal.aborted) logger.warn({ check: name, ...('error' in why && { err: why.error }) }, 'not ready any more');
    if (ok && failed) logger.info({ check: name }, 'ready again');
    return [name, ok];
  };
  const askAll = async (): Promise<ReadinessChecks> => {
    const answers = await Promise.all(Object.entries(checks).map(([name, check]) => ask(name, check)));
    failing = answers.flatMap(([name, ok]) => (ok ? [] : [name]));
    return Object.fromEntries(answers);
  };
  const check = (): Promise<ReadinessChecks> => (round ??= askAll().finally(() => (round = null)));

  const watching = (async () => {
    while (!closing.signal.aborted) {
      await check();
      await clock.sleep(everyMs, closing.signal);
    }
  })();
  return {
    check,
    impairedBy: () => (failing.length === 0 ? null : `not ready: ${failing.join(', ')}`),
    close: () => {
      closing.abort();
      return watching;
    },
  };
}
