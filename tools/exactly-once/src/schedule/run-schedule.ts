import { randomUUID } from 'node:crypto';
import { type Database } from '@trawling/database';
import { type Cloud, keyOf } from '../cloud/cloud.js';
import { seededRandom } from '../seeded-random.js';
import { type Member } from '../workers/member.js';
import { beginInstallation, unrevokedCredentials } from '../world/bots.js';
import { createLifeOfMachines } from '../world/life-of-machines.js';
import { type VirtualTime } from '../world/virtual-time.js';
import { actionsOf } from './actions.js';
import { AIMS } from './aims.js';
import { type Coverage } from './coverage.js';
import { createLedger, type Violation } from './ledger.js';
import { settle } from './settle.js';
import { letExamine, passTime, requeue } from './moves.js';
import { type Stage, wantedBots } from './stage.js';

export type ScheduleResult = {
  seed: number;
  bots: number;
  violations: Violation[];
  /** Pairs of machines that a stop between two instructions explains. */
  excusedPairs: number;
  /** Bots whose machines were given up and that somebody rebuilt. */
  helped: number;
  extraMinutes: number;
  billedMinutes: number;
  staleDeletes: number;
  /** Tags of bots without a droplet that were left behind. */
  leftTags: number;
  /** Requests the cloud refused because a rate window was full, and how full they were. */
  rates: ReturnType<Cloud['rates']>;
  /** What the workers' jobs said when they did not end well. */
  failures: string[];
  story: string[];
};

export type ScheduleDeps = {
  database: Database;
  time: VirtualTime;
  /** Idle ones of this run; each begins anew. */
  members: readonly Member[];
  coverage: Coverage;
  /** Ends it between two steps; it throws then. */
  signal: AbortSignal;
  openCloud: () => Promise<Cloud>;
  /** Tells the crew who listens, and in which installation it works. */
  begin: (installationId: string, cloud: Cloud, stage: Stage) => void;
  onMove: (listener: (byMs: number) => Promise<void>) => void;
};

/** What happens before the peace; gives how many bots there were. */
export type Play = (stage: Stage) => Promise<{ bots: number }>;

/** Disturbances as the seed wants them. */
export const randomPlay = (turns: number): Play => async (stage) => {
  const { random } = stage;
  const bots = Array.from({ length: random.int(3, 6) }, () => random.uuid());
  stage.story.push(`${bots.length} bots; it aims at "${stage.aim}"`);
  const actions = actionsOf({ bots });
  for (let turn = 0; turn < turns; turn += 1) {
    await random.weighted(actions.filter(({ isPossible }) => isPossible(stage))).run(stage);
    await passTime(stage, random.int(5, 500));
  }
  return { bots: bots.length };
};

/** One run of faults, decided by its seed, and the peace after it. */
export async function runSchedule(deps: ScheduleDeps, input: { seed: number; play: Play }): Promise<ScheduleResult> {
  const { database, time, coverage, signal } = deps;
  const random = seededRandom(input.seed);
  const installationId = randomUUID();
  const cloud = await deps.openCloud();
  try {
    await beginInstallation(database, installationId);
    time.clear();
    const life = createLifeOfMachines({ database, cloud, random: seededRandom(input.seed ^ 0x5bd1e995), dudsIn: random.pick([0, 0, 0.1, 0.25]) });
    const stage: Stage = {
      random, installationId, database, time, cloud, life, coverage, signal,
      members: deps.members.slice(0, random.int(2, deps.members.length)),
      ledger: createLedger(),
      wanted: new Set(),
      pursued: new Set(),
      excused: new Set(),
      inMotion: new Set(),
      faultRate: random.pick([0, 0.03, 0.06, 0.12]),
      aim: random.pick(AIMS),
      aimed: 0,
      stoppedUntil: new Map(),
      staleDeletes: 0,
      story: [],
      failures: [],
    };
    deps.onMove(async (byMs) => {
      stage.ledger.bill(cloud.droplets(), await wantedBots(database), byMs);
      await life.live(time.ms());
    });
    deps.begin(installationId, cloud, stage);
    for (const member of stage.members) await member.open();

    for (const member of stage.members) await letExamine(stage, member);
    const { bots } = await input.play(stage);
    const { violations, helped } = await settle(stage);
    const talkative = (await unrevokedCredentials(database)).map((botId): Violation => ({ what: 'unrevoked', detail: `${botId} is gone and its credential counts` }));
    const offSpec = cloud.offSpec().map((detail): Violation => ({ what: 'off_spec', detail }));
    return {
      seed: input.seed, helped, bots,
      violations: [...stage.ledger.violations, ...violations, ...talkative, ...offSpec],
      excusedPairs: stage.ledger.excusedPairs(),
      extraMinutes: stage.ledger.extraMinutes(),
      billedMinutes: stage.ledger.billedMinutes(),
      staleDeletes: stage.staleDeletes, leftTags: leftTags(cloud), rates: cloud.rates(), failures: stage.failures, story: stage.story,
    };
  } finally {
    await cloud.close();
  }
}

function leftTags(cloud: Cloud): number {
  const alive = new Set(cloud.droplets().map((droplet) => `bot:${keyOf(droplet).botId}`));
  return cloud.tags().filter((tag) => tag.startsWith('bot:') && !alive.has(tag)).length;
}

/** The end of a job: one that failed is tried again by the queue, as a rule. */
export function noteDone(stage: Stage, job: Parameters<typeof requeue>[1], outcome: string): void {
  if (!outcome.startsWith('failed: ')) return;
  stage.failures.push(outcome.slice('failed: '.length));
  requeue(stage, job, 0.7);
}
