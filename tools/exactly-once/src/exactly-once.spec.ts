import { createTestDatabase } from '@trawling/database/testing';
import { withReleasers } from '@trawling/runtime';
import { type RunOptions, runSchedules } from './run-schedules.js';
import { giveJob } from './schedule/actions.js';
import { type Play, randomPlay } from './schedule/run-schedule.js';
import { passTime, releaseHold } from './schedule/moves.js';
import { isHeldAwake, type Stage } from './schedule/stage.js';
import { type Hold, type Member } from './workers/member.js';
import { createBot } from './world/bots.js';

/** Enough to meet every kind of disturbance; `npm run test:exactly-once` runs hundreds. */
const SCHEDULES = 4;
/** Real time, for the processes of a busy machine. */
const PATIENCE_MS = 240_000;

describe('several provisioners', () => {
  it('end with exactly one droplet for each bot, every bot online, and nothing that belongs to nobody, whatever dies', async () => {
    const seed = Number(process.env['EXACTLY_ONCE_SEED'] ?? 41);
    console.log(`EXACTLY_ONCE_SEED=${seed}`);

    const { results, summary, coverage } = await run({ schedules: SCHEDULES, seed, play: randomPlay(60) });

    const bad = results.filter(({ violations }) => violations.length > 0);
    expect(bad.map(({ seed: of, violations, story }) => ({ seed: of, violations, story }))).toEqual([]);
    expect(summary).toMatchObject({ schedules: SCHEDULES, duplicates: 0, orphans: 0, offline: 0 });
    // The faults were there.
    const steps = coverage.steps();
    expect(steps.some(({ killed }) => killed > 0) && steps.some(({ stopped }) => stopped > 0)).toBe(true);
    expect(steps.find(({ step }) => step === 'POST /v2/droplets request')?.reached).toBeGreaterThan(0);
  }, PATIENCE_MS);

  /** The answer to a create is lost, and the cloud does not show the droplet for a while. */
  const loseAnswerOfHiddenDroplet = quietly(async (stage) => {
    stage.cloud.nextFate('hidden');
    const hold = await untilStep(stage, memberOf(stage, 0), 'POST /v2/droplets answer');
    await hold.member.release(() => hold.where === 'answer' && hold.decide({ kind: 'lose' }));
  });

  it('wait for the machine of a create without an answer, and make no second one', async () => {
    const { results, summary } = await run({ play: loseAnswerOfHiddenDroplet });

    expect(results.flatMap(({ violations }) => violations)).toEqual([]);
    expect(summary.extra_droplet_minutes).toBe(0);
  }, PATIENCE_MS);

  it('would be caught if they did not wait', async () => {
    const { summary } = await run({ play: loseAnswerOfHiddenDroplet, settleMs: 0 });

    expect(summary.duplicates).toBeGreaterThan(0);
  }, PATIENCE_MS);

  it('send no create that was let out before they were overtaken', async () => {
    const play = quietly(async (stage) => {
      const slow = await untilStep(stage, memberOf(stage, 0), 'driver.create before');
      slow.member.stop();
      // Longer than the lease, the create and its settle time.
      await passTime(stage, 260_000);
      stage.cloud.nextFate('hidden');
      await giveJob(stage, memberOf(stage, 1));
      await untilStep(stage, memberOf(stage, 1), 'POST /v2/droplets answer');
      await slow.member.resume();
      while (slow.member.jobs().length > 0) {
        const [hold] = slow.member.holds().filter(isHeldAwake);
        if (hold) await releaseHold(stage, hold);
        else await passTime(stage, 1_000);
      }
    });

    const { results } = await run({ play });

    expect(results.flatMap(({ violations }) => violations)).toEqual([]);
  }, PATIENCE_MS);
});

async function run(options: Pick<RunOptions, 'play'> & Partial<RunOptions>) {
  const opened = await withReleasers(async (onStop) => {
    const testDatabase = await createTestDatabase();
    onStop(() => testDatabase.close(), 'database');
    return runSchedules(onStop, {
      databaseUrl: testDatabase.url, provisionerUrl: testDatabase.roleUrl('trawling_provisioner'),
      schedules: 1, seed: 1, workers: 3, prismEvery: 0, onSchedule: () => undefined, ...options,
    });
  });
  await opened.stop();
  return opened.value;
}

/** One bot and no faults but those that `script` makes. */
function quietly(script: (stage: Stage) => Promise<void>): Play {
  return async (stage) => {
    stage.faultRate = 0;
    stage.cloud.calm();
    const botId = stage.random.uuid();
    await createBot(stage.database, botId);
    stage.wanted.add(botId);
    await script(stage);
    return { bots: 1 };
  };
}

function memberOf({ members }: Stage, index: number): Member {
  const member = members[index];
  if (!member) throw new Error(`there is no worker ${index + 1}`);
  return member;
}

/** Lets this worker go on, with one job after the other, until it stands at that step. */
async function untilStep(stage: Stage, member: Member, step: string): Promise<Hold> {
  for (let steps = 0; steps < 3_000; steps += 1) {
    const holds = member.holds().filter(isHeldAwake);
    const there = holds.find((hold) => hold.step === step);
    if (there) return there;
    const [hold] = holds;
    if (hold) await releaseHold(stage, hold);
    else {
      if (member.jobs().length === 0) await giveJob(stage, member);
      await passTime(stage, 2_000);
    }
  }
  throw new Error(`it never came to "${step}"`);
}
