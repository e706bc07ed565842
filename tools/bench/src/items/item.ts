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
};

export const FULL: Pace = { runs: 5, warmUpMs: 2_000, measureMs: 8_000, connections: 256, fleetSeconds: 180, rampSeconds: 90, changes: 100 };
export const QUICK: Pace = { runs: 2, warmUpMs: 1_000, measureMs: 2_000, connections: 256, fleetSeconds: 35, rampSeconds: 60, changes: 20 };

/** Each measurement a moment: shows that everything runs, and nothing else. */
export const SMOKE: Pace = { runs: 1, warmUpMs: 100, measureMs: 300, connections: 16, fleetSeconds: 6, rampSeconds: 1, changes: 3 };

export type ItemDeps = { world: World; generate: LoadGenerator; pace: Pace };

/** One group of numbers that can be taken alone. */
export type Item = { name: string; title: string; run: (deps: ItemDeps) => Promise<Results> };
