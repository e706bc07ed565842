import { setTimeout as sleep } from 'node:timers/promises';
import { type Database } from '@trawling/database';
import { z } from 'zod';
import { keyOf } from '../cloud/cloud.js';
import { type Hold, type Member } from '../workers/member.js';
import { type Job } from '../workers/protocol.js';
import { type WireRequest } from '../workers/wire.js';
import { isKept } from '../world/bots.js';
import { unlessItTakesTime } from '../world/virtual-time.js';
import { AIM_CHANCE, AIM_TIMES, isAtCreate, strikeChance } from './aims.js';
import { machineName } from './ledger.js';
import { type Stage } from './stage.js';
import { answerFaults, requestFaults } from './wire-faults.js';

/** Longer than a lease, than a create with its settle time, than a boot. */
export const STOPS_S = [3, 20, 70, 200, 1_200] as const;

/** A packet whose connection broke may still arrive within this many seconds. */
const LATEST_ARRIVAL_S = 50;

/** Real milliseconds in which a process that goes on sends what it had in its hands. */
const FIRST_BYTE_MS = 60;

/** So much more often a create meets a fault than other requests do, of which there are so many more. */
const CREATE_FAULTS = 6;

const isCreate = ({ step }: Hold): boolean => step === 'POST /v2/droplets request' || step === 'POST /v2/droplets answer';

/** Lets one held step go on; a request may meet a fault. */
export async function releaseHold(stage: Stage, hold: Hold): Promise<void> {
  const { random, coverage } = stage;
  const isFaulty = random.chance(Math.min(0.5, stage.faultRate * (isCreate(hold) ? CREATE_FAULTS : 1)));
  if (hold.where === 'request' && (await isStaleDelete(stage.database, hold.request))) {
    stage.staleDeletes += 1;
    stage.story.push(`${hold.member.name}: DELETE ${hold.request.path} is stale`);
  }
  await hold.member.release(() => {
    if (hold.where === 'gate' || hold.where === 'sleep') return hold.go();
    if (!isFaulty) return hold.decide({ kind: 'pass' });
    const fault = hold.where === 'request' ? random.weighted(requestFaults(random, isCreate(hold))) : random.weighted(answerFaults);
    coverage.fault(fault.name);
    if (isCreate(hold)) stage.pursued.add(keyOf(orderOf(hold.request)).botId);
    stage.story.push(`${hold.member.name}: ${hold.step} meets "${fault.name}"`);
    if (hold.where === 'request') hold.decide(fault.fate as Parameters<typeof hold.decide>[0]);
    else hold.decide(fault.fate as Parameters<typeof hold.decide>[0]);
  });
  checkNow(stage, `${hold.member.name} ${hold.step}`);
}

async function isStaleDelete(database: Database, { method, path }: WireRequest): Promise<boolean> {
  const id = method === 'DELETE' ? /^\/v2\/droplets\/(\d+)$/.exec(path)?.[1] : undefined;
  return id !== undefined && isKept(database, id);
}

/** Lets one step go on, or kills or stops its process there: now and then at a create and at what is rare, often at what the schedule aims at. */
export async function meetHold(stage: Stage, hold: Hold): Promise<void> {
  const { random } = stage;
  const isAim = hold.step === stage.aim && stage.aimed < AIM_TIMES;
  if (!random.chance(isAim ? AIM_CHANCE : strikeChance(hold.step))) return releaseHold(stage, hold);
  if (isAim) stage.aimed += 1;
  if (random.chance(0.5)) return killMember(stage, hold.member);
  return stopMember(stage, hold.member, random.pick(STOPS_S));
}

/** The invariant, after every step. */
export function checkNow(stage: Stage, step: string): void {
  stage.signal.throwIfAborted();
  stage.ledger.check(stage.cloud.droplets(), stage.excused, step);
}

/** What is on the wire arrives, or not, before time goes on: a packet does not wait for minutes. */
async function flushWire(stage: Stage, members: readonly Member[]): Promise<void> {
  for (const member of members) for (const hold of member.holds()) if (hold.where === 'request') await releaseHold(stage, hold);
}

export async function passTime(stage: Stage, ms: number): Promise<void> {
  if (ms > 5_000) await flushWire(stage, stage.members);
  await stage.time.advance(ms);
  checkNow(stage, `${Math.round(ms / 1000)} s passed`);
  for (const [member, until] of stage.stoppedUntil) {
    if (until > stage.time.ms()) continue;
    await resumeMember(stage, member);
  }
}

export async function resumeMember(stage: Stage, member: Member): Promise<void> {
  stage.stoppedUntil.delete(member);
  await member.resume();
  stage.story.push(`${member.name} goes on`);
  if (!stage.inMotion.has(member)) return;
  await sleep(FIRST_BYTE_MS);
  stage.inMotion.delete(member);
}

/**
 * Between its last look at the clock and the first byte of a create nothing holds a process back. When it was stopped
 * there, and only then, two machines may live for a while.
 */
export function noteHold(stage: Stage, hold: Hold): void {
  stage.coverage.note(hold.step, 'reached');
  if (hold.where !== 'request' || hold.step !== 'POST /v2/droplets request' || !stage.inMotion.has(hold.member)) return;
  stage.excused.add(machineName(keyOf(orderOf(hold.request))));
}

const orderOf = ({ body }: WireRequest): { name: string } => z.object({ name: z.string() }).parse(JSON.parse(body.toString()));

/** Whoever may be in the middle of a create. */
function notePursued(stage: Stage, member: Member): void {
  if (!member.holds().some(({ step }) => isAtCreate(step))) return;
  for (const job of member.jobs()) if (job.kind === 'reconcile') stage.pursued.add(job.botId);
}

/** A request whose sender broke off arrives at some time, or never. */
export function sendLate(stage: Pick<Stage, 'random' | 'time'>, send: () => Promise<void>): void {
  stage.time.at(stage.time.ms() + 1000 * stage.random.int(1, LATEST_ARRIVAL_S), () => unlessItTakesTime(send));
}

/** kill -9 where it stands. */
export async function killMember(stage: Stage, member: Member): Promise<void> {
  const { random } = stage;
  for (const { step } of member.holds()) stage.coverage.note(step, 'killed');
  notePursued(stage, member);
  stage.story.push(`${member.name} is killed at ${member.holds().map(({ step }) => step).join(', ') || 'no step'}`);
  stage.stoppedUntil.delete(member);
  stage.inMotion.delete(member);
  const { jobs, onTheWire } = await member.kill();
  for (const hold of onTheWire) hold.decide(random.weighted([{ weight: 5, kind: 'pass' }, { weight: 3, kind: 'arrive_late' }, { weight: 2, kind: 'lose' }] as const));
  for (const job of jobs) requeue(stage, job, 0.5);
  await letExamine(stage, member);
}

/** Looks for something to let through before it gives up, and real milliseconds between two. */
const LOOKS = 20;
const LOOK_MS = 10;

/** A process that just began examines the account first. Mostly that goes well, so that it comes to the bots. */
export async function letExamine(stage: Stage, member: Member): Promise<void> {
  if (!stage.random.chance(0.75)) return;
  for (let looks = 0; looks < LOOKS; looks += 1) {
    const hold = member.holds().find(({ where }) => where === 'request' || where === 'answer');
    if (!hold) {
      await sleep(LOOK_MS);
      continue;
    }
    await member.release(() => (hold.where === 'request' || hold.where === 'answer') && hold.decide({ kind: 'pass' }));
    looks = 0;
  }
}

/** SIGSTOP where it stands, for so long in the test's time. */
export async function stopMember(stage: Stage, member: Member, seconds: number): Promise<void> {
  for (const { step } of member.holds()) stage.coverage.note(step, 'stopped');
  notePursued(stage, member);
  stage.story.push(`${member.name} stops for ${seconds} s at ${member.holds().map(({ step }) => step).join(', ') || 'no step'}`);
  member.stop();
  await flushWire(stage, [member]);
  stage.stoppedUntil.set(member, stage.time.ms() + 1000 * seconds);
}

/** The queue's own retry; what is lost here, a sweep finds. */
export function requeue(stage: Stage, job: Job, probability: number): void {
  if (job.kind === 'reconcile' && stage.random.chance(probability)) stage.wanted.add(job.botId);
}
