import { isErrorWithCode } from '@trawling/runtime';
import { type CloudDroplet } from '../cloud/cloud.js';
import { createBot, decommissionBot, listBots, rebuildBot } from '../world/bots.js';
import { type Member } from '../workers/member.js';
import { killMember, meetHold, passTime, releaseHold, STOPS_S, stopMember } from './moves.js';
import { isPursuable, pursue } from './pursue.js';
import { isHeldAwake, type Stage } from './stage.js';

export type Action = { name: string; weight: number; isPossible: (stage: Stage) => boolean; run: (stage: Stage) => Promise<void> };

/** Looks at bots that one provisioner works on at the same time. */
const CONCURRENCY = 3;
const PAUSES_MS = [200, 1_000, 5_000, 16_000, 35_000, 65_000, 130_000, 960_000] as const;

const free = (stage: Stage): Member[] => stage.members.filter((member) => !member.isStopped);
const busy = (stage: Stage): Member[] => free(stage).filter((member) => member.holds().some(isHeldAwake));

/** Gives a member its next job: a bot somebody asked for, or a sweep. */
export async function giveJob(stage: Stage, member: Member): Promise<void> {
  const { random, wanted } = stage;
  const sweeps = member.jobs().some(({ kind }) => kind === 'sweep');
  if (!sweeps && (wanted.size === 0 || random.chance(0.15))) return member.give({ kind: 'sweep' });
  if (wanted.size === 0) return;
  const botId = random.pick([...wanted].sort());
  // A queue hands out a job twice now and then.
  if (!random.chance(0.1)) wanted.delete(botId);
  await member.give({ kind: 'reconcile', botId });
}

async function work(stage: Stage): Promise<void> {
  const { random } = stage;
  const member = random.pick(free(stage));
  if (member.jobs().length < CONCURRENCY && (!member.holds().some(isHeldAwake) || random.chance(0.25))) await giveJob(stage, member);
  for (let steps = random.int(1, 30); steps > 0; steps -= 1) {
    const holds = member.holds().filter(isHeldAwake);
    if (holds.length === 0 || member.isStopped) return;
    await meetHold(stage, random.pick(holds));
  }
}

/** Killed or stopped between two steps, where the test cannot see it. */
async function strikeInMotion(stage: Stage): Promise<void> {
  const { random } = stage;
  const member = random.pick(busy(stage));
  const hold = random.pick(member.holds().filter(isHeldAwake));
  const delayMs = random.int(0, 5);
  const isKill = random.chance(0.5);
  const moving = releaseHold(stage, hold);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  if (isKill) await killMember(stage, member);
  else {
    stage.inMotion.add(member);
    await stopMember(stage, member, random.pick(STOPS_S));
  }
  await moving;
}

async function someBot(stage: Stage): Promise<string | null> {
  const bots = (await listBots(stage.database)).filter(({ decommissioning }) => !decommissioning);
  return bots.length === 0 ? null : stage.random.pick(bots).botId;
}

/** SQLSTATE query_canceled: a stopped provisioner holds the bot's row for longer than a statement may take. */
const TOO_LATE = '57014';

/** An owner asks; the wake-up that follows gets lost now and then. Who was not answered in time leaves it at that. */
async function ask(stage: Stage, what: string, change: (botId: string) => Promise<unknown>, botId: string | null): Promise<void> {
  if (botId === null) return;
  try {
    await change(botId);
  } catch (error) {
    if (!isErrorWithCode(error, TOO_LATE)) throw error;
    stage.story.push(`${what} ${botId}: not in time`);
    return;
  }
  stage.story.push(`${what} ${botId}`);
  if (stage.random.chance(0.8)) stage.wanted.add(botId);
}

export const actionsOf = ({ bots }: { bots: readonly string[] }): readonly Action[] => {
  const unborn = [...bots];
  // More at once, and the provisioner doubts the cloud, or its database.
  let vanishing = 3;
  let strays = 3;
  return [
    { name: 'work', weight: 50, isPossible: (stage) => free(stage).length > 0, run: work },
    { name: 'pursue', weight: 30, isPossible: isPursuable, run: pursue },
    { name: 'time', weight: 16, isPossible: () => true, run: (stage) => passTime(stage, stage.random.pick(PAUSES_MS)) },
    { name: 'kill', weight: 3, isPossible: (stage) => busy(stage).length > 0, run: (stage) => killMember(stage, stage.random.pick(busy(stage))) },
    { name: 'stop', weight: 4, isPossible: (stage) => busy(stage).length > 0, run: (stage) => stopMember(stage, stage.random.pick(busy(stage)), stage.random.pick(STOPS_S)) },
    { name: 'strike', weight: 3, isPossible: (stage) => busy(stage).length > 0, run: strikeInMotion },
    {
      name: 'create', weight: 16, isPossible: () => unborn.length > 0,
      run: (stage) => ask(stage, 'POST /bots', (botId) => createBot(stage.database, botId), unborn.pop() ?? null),
    },
    { name: 'decommission', weight: 1.2, isPossible: () => true, run: async (stage) => ask(stage, 'DELETE', (botId) => decommissionBot(stage.database, botId), await someBot(stage)) },
    { name: 'rebuild', weight: 4, isPossible: () => true, run: async (stage) => ask(stage, 'rebuild', (botId) => rebuildBot(stage.database, botId), await someBot(stage)) },
    {
      name: 'stray', weight: 0.4, isPossible: () => strays > 0,
      async run(stage) {
        strays -= 1;
        const name = `bot-${stage.random.uuid()}-g1`;
        await stage.cloud.stray({ name, tags: [`fleet:${stage.installationId}`, `bot:${name.slice(4, -3)}`, 'gen:1'] });
        stage.story.push(`somebody made ${name}`);
      },
    },
    { name: 'switch off', weight: 2.5, isPossible: (stage) => stage.cloud.droplets().length > 0, run: async (stage) => harm(stage, 'off', stage.cloud.switchOff) },
    {
      name: 'vanish', weight: 1.5, isPossible: (stage) => vanishing > 0 && stage.cloud.droplets().length > 0,
      async run(stage) {
        vanishing -= 1;
        harm(stage, 'gone', stage.cloud.vanish);
      },
    },
  ];
};

function harm(stage: Stage, what: string, strike: (id: number) => void): void {
  const droplet: CloudDroplet = stage.random.pick(stage.cloud.droplets());
  strike(droplet.id);
  stage.story.push(`droplet ${droplet.id} (${droplet.name}) is ${what}`);
}
