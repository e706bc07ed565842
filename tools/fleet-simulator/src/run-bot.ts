import { type StreamTopic } from '@trawling/contracts';
import { type Clock, jitter } from '@trawling/runtime';
import { type BotStream } from './bot-stream.js';
import { CallFailed } from './bot-http.js';
import { type Gate } from './gate.js';
import { type Nap } from './nap.js';
import { type SimulatedBot } from './simulated-bot.js';

export type Mode = 'poll' | 'long-poll' | 'stream';

export type RunBotDeps = {
  clock: Pick<Clock, 'monotonicMs'>;
  /** Ends when `life` does. */
  newNap: () => Nap;
  random: () => number;
  /** This bot's own: aborted by whoever ends the run, and by the bot itself once it is told that it is gone. */
  life: AbortController;
  /** Lets only so many bots through their first config at once. */
  starting: Gate;
  /** Only in mode stream. */
  openStream: (onHint: (topics: readonly StreamTopic[]) => void) => BotStream;
  /** Each time the server told the bot to look, before it looks. */
  onHint: () => void;
};

export type Pace = {
  mode: Mode;
  metricsSeconds: number;
  waitSeconds: number;
  /**
   * A bot that is told to look does so after a random part of this. Ten thousand machines verify at once, one simulator
   * cannot: without a spread, the hints of the last would be read when the first have verified.
   */
  lookWithinSeconds: number;
};

const RETRY_MS = 5_000;

/** One bot's life until it is aborted: first config, then looking, beating and measuring, each at its own pace and phase. */
export async function runBot(deps: RunBotDeps, bot: SimulatedBot, pace: Pace): Promise<void> {
  const { clock, newNap, random, life } = deps;
  const { signal } = life;
  const bell = createBell(newNap());
  let stream: BotStream | null = null;

  /** Runs until it succeeds or everything ends; the server's Retry-After is what counts. */
  async function insist(work: () => Promise<unknown>, nap: Nap): Promise<void> {
    while (!signal.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        if (error instanceof CallFailed && isFinal(error.status)) return life.abort();
        // Everything else was counted by whoever found it; the bot lives on.
        const asked = error instanceof CallFailed ? error.retryAfterMs : 0;
        await nap.sleep(jitter(Math.max(asked, RETRY_MS), 0.2, random));
      }
    }
  }
  const lookingNap = newNap();
  const look = (wait: number) => insist(() => bot.look(wait), lookingNap);
  const every = async (seconds: () => number, work: () => Promise<unknown>): Promise<void> => {
    const nap = newNap();
    await nap.sleep(random() * seconds() * 1000);
    for (let due = clock.monotonicMs(); !signal.aborted; due += seconds() * 1000) {
      await nap.sleep(Math.max(0, due - clock.monotonicMs()));
      if (!signal.aborted) await insist(work, nap);
    }
  };

  const keepLooking = async (): Promise<void> => {
    while (!signal.aborted) {
      const patient = pace.mode === 'long-poll' || (pace.mode === 'stream' && !stream?.isUp());
      const rung = !patient && (await bell.wait(jitter((bot.applied()?.pollSeconds ?? 30) * 1000, 0.1, random)));
      if (rung) await lookingNap.sleep(random() * pace.lookWithinSeconds * 1000);
      if (!signal.aborted) await look(patient ? pace.waitSeconds : 0);
    }
  };

  await deps.starting(() => look(0));
  if (signal.aborted) return;
  if (pace.mode === 'stream') {
    stream = deps.openStream(() => {
      deps.onHint();
      bell.ring();
    });
    await stream.tried;
  }
  await Promise.all([
    keepLooking(),
    every(() => bot.applied()?.heartbeatSeconds ?? 30, async () => {
      if (await bot.beat()) bell.ring();
    }),
    every(() => pace.metricsSeconds, () => bot.measure()),
  ]);
  stream?.close();
}

/** Revoked, not ours, gone: a real agent asks hourly or never; a simulated one has said what it came to say. */
const isFinal = (status: number | null): boolean => status === 401 || status === 404 || status === 410;

/** Ends a nap early; a ring while nobody naps is kept for the next. */
function createBell(nap: Nap) {
  let rung = false;
  return {
    ring(): void {
      rung = true;
      nap.wake();
    },
    /** Whether it rang. */
    async wait(ms: number): Promise<boolean> {
      if (!rung) await nap.sleep(ms);
      const rang = rung;
      rung = false;
      return rang;
    },
  };
}
