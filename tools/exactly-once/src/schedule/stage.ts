import { type Database } from '@trawling/database';
import { type Cloud } from '../cloud/cloud.js';
import { type SeededRandom } from '../seeded-random.js';
import { type Hold, type Member } from '../workers/member.js';
import { type Job } from '../workers/protocol.js';
import { listBots } from '../world/bots.js';
import { type createLifeOfMachines } from '../world/life-of-machines.js';
import { type VirtualTime } from '../world/virtual-time.js';
import { type Coverage } from './coverage.js';
import { type Ledger } from './ledger.js';
import { answerFaults, requestFaults } from './wire-faults.js';

/** Everything one schedule plays with. */
export type Stage = {
  random: SeededRandom;
  installationId: string;
  database: Database;
  time: VirtualTime;
  cloud: Cloud;
  life: ReturnType<typeof createLifeOfMachines>;
  members: readonly Member[];
  coverage: Coverage;
  ledger: Ledger;
  /** Bots somebody asked to look at. */
  wanted: Set<string>;
  /** `bot/generation` that may have two machines for a while, by a stop that no process can see in time. */
  excused: Set<string>;
  /** How likely a request meets a fault; 0 when it is calm. */
  faultRate: number;
  /** Until when a member stays stopped. */
  stoppedUntil: Map<Member, number>;
  /** What happened, for whoever reads a failure. */
  story: string[];
  /** What the workers' jobs said when they did not end well. */
  failures: string[];
};

/** A packet whose connection broke may still arrive within this many seconds. */
const LATEST_ARRIVAL_S = 25;

export const isHeldAwake = (hold: Hold): boolean => hold.where !== 'sleep';

/** Whom the row says is wanted, for the bill. */
export const wantedBots = async (database: Database): Promise<Set<string>> =>
  new Set((await listBots(database)).filter(({ decommissioning }) => !decommissioning).map(({ botId }) => botId));

/** Lets one held step go on; a request may meet a fault. */
export async function releaseHold(stage: Stage, hold: Hold): Promise<void> {
  const { random, coverage } = stage;
  const isFaulty = random.chance(stage.faultRate);
  await hold.member.release(() => {
    if (hold.where === 'gate' || hold.where === 'sleep') return hold.go();
    if (!isFaulty) return hold.decide({ kind: 'pass' });
    const fault = hold.where === 'request' ? random.weighted(requestFaults(random)) : random.weighted(answerFaults);
    coverage.fault(fault.name);
    stage.story.push(`${hold.member.name}: ${hold.step} meets "${fault.name}"`);
    if (hold.where === 'request') hold.decide(fault.fate as Parameters<typeof hold.decide>[0]);
    else hold.decide(fault.fate as Parameters<typeof hold.decide>[0]);
  });
  checkNow(stage, `${hold.member.name} ${hold.step}`);
}

/** The invariant, after every step. */
export function checkNow(stage: Stage, step: string): void {
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
    stage.stoppedUntil.delete(member);
    await member.resume();
    stage.story.push(`${member.name} goes on`);
  }
}

/** A request whose sender broke off arrives at some time, or never. */
export function sendLate(stage: Pick<Stage, 'random' | 'time'>, send: () => Promise<void>): void {
  stage.time.at(stage.time.ms() + 1000 * stage.random.int(1, LATEST_ARRIVAL_S), () => send().catch(() => undefined));
}

/** kill -9 where it stands. */
export async function killMember(stage: Stage, member: Member): Promise<void> {
  const { random } = stage;
  for (const { step } of member.holds()) stage.coverage.note(step, 'killed');
  stage.story.push(`${member.name} is killed at ${member.holds().map(({ step }) => step).join(', ') || 'no step'}`);
  stage.stoppedUntil.delete(member);
  const { jobs, onTheWire } = await member.kill();
  for (const hold of onTheWire) hold.decide(random.weighted([{ weight: 5, kind: 'pass' }, { weight: 3, kind: 'arrive_late' }, { weight: 2, kind: 'lose' }] as const));
  for (const job of jobs) requeue(stage, job, 0.5);
}

/** SIGSTOP where it stands, for so long in the test's time. */
export async function stopMember(stage: Stage, member: Member, seconds: number): Promise<void> {
  await flushWire(stage, [member]);
  for (const { step } of member.holds()) stage.coverage.note(step, 'stopped');
  stage.story.push(`${member.name} stops for ${seconds} s at ${member.holds().map(({ step }) => step).join(', ') || 'no step'}`);
  member.stop();
  stage.stoppedUntil.set(member, stage.time.ms() + 1000 * seconds);
}

/** The queue's own retry; what is lost here, a sweep finds. */
export function requeue(stage: Stage, job: Job, probability: number): void {
  if (job.kind === 'reconcile' && stage.random.chance(probability)) stage.wanted.add(job.botId);
}
