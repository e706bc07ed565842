import { type InstanceStatus } from '@trawling/contracts';
import { type Clock, waitAtMost } from '@trawling/runtime';
import { waitAfter } from './wait-after.js';
import { type Outcome } from './outcome.js';
import { sayGoodbye } from './say-goodbye.js';
import { type SendStatus } from './send-status.js';
import { sendWithin } from './send-within.js';
import { essenceOf, type StatusSource } from './status-source.js';
import { type TellAttempt } from './publish-telemetry.js';

/** From before connecting to the end of the answer. */
export const PUBLISH_TIMEOUT_MS = 5_000;
/** How often the probes are looked at between two statuses: a change of health waits no longer. */
export const LOOK_EVERY_MS = 1_000;

export type PublisherOptions = {
  source: Pick<StatusSource, 'status' | 'essence' | 'enter'>;
  send: SendStatus;
  intervalMs: number;
  /** Milliseconds that `stop` takes at most. */
  shutdownMs: number;
  clock: Clock;
  random: () => number;
  tell: TellAttempt;
};

export type Publisher = {
  /** Publishes now, also while waiting after a failure. */
  hurry: () => void;
  /** The last words. Whether `offline` arrived. */
  stop: (signal?: AbortSignal) => Promise<boolean>;
};

/**
 * Publishes what the source says, for ever: one request at a time, each with the status of its moment, so nothing piles up
 * whatever the receiver does. Level-triggered: what was published last is compared with what is.
 */
export function startPublisher(options: PublisherOptions): Publisher {
  const { source, clock, random, intervalMs, shutdownMs } = options;
  const stopping = new AbortController();
  /** Of what the loop has in flight. */
  const abandon = new AbortController();
  /** Of everything: nobody waits any longer. */
  const giveUp = new AbortController();
  let wake = new AbortController();
  let failures = 0;
  let inFlight: InstanceStatus | null = null;
  /** What the last attempt brought to the receiver; null when it failed. */
  let published: InstanceStatus | null = null;
  let goodbye: Promise<boolean> | undefined;
  const running = run();

  return {
    hurry: () => wake.abort(),
    stop(signal) {
      signal?.addEventListener('abort', endAtOnce, { once: true });
      if (signal?.aborted) endAtOnce();
      return (goodbye ??= finish());
    },
  };

  function endAtOnce(): void {
    giveUp.abort();
    abandon.abort();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      const outcome = await attempt(PUBLISH_TIMEOUT_MS, abandon.signal);
      if (!stopping.signal.aborted) await pause(waitAfter(outcome, { failures, intervalMs, random }));
    }
  }

  /** Sends what is true now. */
  async function attempt(timeoutMs: number, letGo: AbortSignal): Promise<Outcome> {
    const status = source.status();
    inFlight = status;
    const begunMs = clock.monotonicMs();
    const outcome = await sendWithin(options.send, status, { clock, timeoutMs, giveUp: letGo });
    inFlight = null;
    published = outcome.ok ? status : null;
    options.tell({ status, outcome, attempt: failures + 1, latencyMs: clock.monotonicMs() - begunMs });
    if (outcome.ok) failures = 0;
    else if (outcome.reason !== 'given-up') failures += 1;
    return outcome;
  }

  /** Ends early for a change, if the last status arrived: who does not hear us hears us no better in a hurry. */
  async function pause(ms: number): Promise<void> {
    const untilMs = clock.monotonicMs() + ms;
    for (;;) {
      const essence = source.essence();
      const leftMs = untilMs - clock.monotonicMs();
      if (wake.signal.aborted || leftMs <= 0 || (published !== null && essence !== essenceOf(published))) return;
      await clock.sleep(Math.min(leftMs, LOOK_EVERY_MS), wake.signal);
    }
  }

  /** A status in flight that does not say `draining` is out of date: it is given up rather than waited for. */
  async function finish(): Promise<boolean> {
    const begunMs = clock.monotonicMs();
    source.enter('draining');
    stopping.abort();
    wake.abort();
    if (inFlight?.health.status !== 'draining') abandon.abort();
    await waitAtMost(clock, shutdownMs / 2, running);
    abandon.abort();
    return sayGoodbye({
      source,
      clock,
      random,
      saidDraining: published?.health.status === 'draining',
      drainingUntilMs: begunMs + shutdownMs / 2,
      untilMs: begunMs + shutdownMs,
      giveUp: giveUp.signal,
      attempt: (timeoutMs) => attempt(Math.min(timeoutMs, PUBLISH_TIMEOUT_MS), giveUp.signal),
    });
  }
}
