import { type LoadGenerator } from '../load/start-load-generator.js';
import { type Results } from '../report/result.js';
import { type World } from '../world/open-world.js';

export type Pace = {
  /** Interleaved runs of each contender. */
  runs: number;
  warmUpMs: number;
  measureMs: number;
  /** Kept-alive connections of a load generator. */
  connections: number;
  /** How long a simulated fleet is watched, and over how long it starts. */
  fleetSeconds: number;
  rampSeconds: number;
  /** Single changes told or applied. */
  changes: number;
  /** Minutes with a burst of new bots each, how many bots a burst has, and how many are made at once after that. */
  bursts: { minutes: number; bots: number; atOnce: number };
  /** How many publish their status, for how long, and over how long they are stopped. */
  publishers: { count: number; seconds: number; stopSeconds: number };
};

export const FULL: Pace = {
  runs: 5, warmUpMs: 2_000, measureMs: 8_000, connections: 256, fleetSeconds: 180, rampSeconds: 90, changes: 100,
  bursts: { minutes: 3, bots: 50, atOnce: 1_000 },
  publishers: { count: 1_000, seconds: 60, stopSeconds: 15 },
};
export const QUICK: Pace = {
  runs: 2, warmUpMs: 1_000, measureMs: 2_000, connections: 256, fleetSeconds: 35, rampSeconds: 60, changes: 20,
  bursts: { minutes: 1, bots: 50, atOnce: 100 },
  publishers: { count: 1_000, seconds: 15, stopSeconds: 5 },
};

/** Each measurement a moment: shows that everything runs, and nothing else. */
export const SMOKE: Pace = {
  runs: 1, warmUpMs: 100, measureMs: 300, connections: 16, fleetSeconds: 6, rampSeconds: 1, changes: 3,
  bursts: { minutes: 1, bots: 3, atOnce: 4 },
  publishers: { count: 10, seconds: 3, stopSeconds: 1 },
};

export type ItemDeps = { world: World; generate: LoadGenerator; pace: Pace };

/** One group of numbers that can be taken alone. */
export type Item = { name: string; title: string; run: (deps: ItemDeps) => Promise<Results> };
