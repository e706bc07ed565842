import { listBots, rebuildBot } from '../world/bots.js';
import { giveJob } from './actions.js';
import { finalViolations, type Violation } from './ledger.js';
import { passTime, releaseHold, resumeMember } from './moves.js';
import { isHeldAwake, type Stage } from './stage.js';

/** Looks, a minute apart, until nothing may be wrong any more. */
const MAX_ROUNDS = 240;
const MAX_PASSES = 30;
/** Rounds without a breach after which it stays so. */
const STILL_ROUNDS = 3;
/** A worker may wait this long, in real time, for a row that a stopped one holds. */
const PATIENCE_MS = 30_000;
/** After which a worker that neither stands nor sleeps is taken to wait for an answer. */
const SHORT_MS = 40;

/** No more faults: every process runs, every request arrives. What is wrong in the end is wrong. */
export async function settle(stage: Stage): Promise<{ violations: Violation[]; helped: number; rounds: number }> {
  stage.faultRate = 0;
  stage.cloud.calm();
  for (const member of [...stage.stoppedUntil.keys()]) await resumeMember(stage, member);
  const still: string[] = [];
  let helped = 0;
  for (let round = 1; ; round += 1) {
    await workOff(stage, round);
    helped += await helpTheFailed(stage);
    const violations = await breaches(stage);
    if (violations.length > 0) still.splice(0);
    else if (stage.wanted.size === 0) still.push('still');
    if (still.length >= STILL_ROUNDS || round >= MAX_ROUNDS) return { violations, helped, rounds: round };
    await passTime(stage, round % 3 === 0 ? 120_000 : 30_000);
  }
}

/** A sweep of one of them, and whatever it and others ask for. */
async function workOff(stage: Stage, round: number): Promise<void> {
  await stage.members[round % stage.members.length]?.give({ kind: 'sweep' });
  await drain(stage);
  for (let pass = 0; stage.wanted.size > 0 && pass < MAX_PASSES; pass += 1) {
    for (const member of stage.members) if (stage.wanted.size > 0) await giveJob(stage, member);
    await drain(stage);
  }
}

const breaches = async (stage: Stage): Promise<Violation[]> =>
  finalViolations(stage.cloud.droplets(), await listBots(stage.database), stage.life.talking(stage.time.ms()));

/** Until nobody has anything to do but to wait for another time. */
export async function drain(stage: Stage): Promise<void> {
  let idleSince = performance.now();
  while (stage.members.some((member) => member.jobs().length > 0)) {
    stage.signal.throwIfAborted();
    const hold = stage.members.flatMap((member) => member.holds()).find(isHeldAwake);
    if (hold) {
      await releaseHold(stage, hold);
      idleSince = performance.now();
      continue;
    }
    // Somebody sleeps: a worker, or the cloud before it answers one.
    const isAsleep = stage.members.some((member) => member.holds().length > 0) || performance.now() - idleSince > SHORT_MS;
    const next = stage.time.next();
    if (isAsleep && next !== null) {
      await passTime(stage, Math.max(1, next - stage.time.ms()));
      idleSince = performance.now();
      continue;
    }
    if (performance.now() - idleSince > PATIENCE_MS) throw new Error(`a worker hangs at ${JSON.stringify(stage.members.map((member) => member.jobs()))}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A machine that was given up until somebody looks: somebody does. */
async function helpTheFailed(stage: Stage): Promise<number> {
  const failed = (await listBots(stage.database)).filter(({ state, notBefore, decommissioning }) => state === 'failed' && notBefore === null && !decommissioning);
  for (const { botId, reason } of failed) {
    stage.story.push(`somebody rebuilds ${botId}: ${reason}`);
    await rebuildBot(stage.database, botId);
    stage.wanted.add(botId);
  }
  return failed.length;
}
