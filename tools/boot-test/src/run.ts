import { DROPLET, MACHINE_FILES, type BotView } from '@trawling/contracts';
import { connectGateway, differencesFrom, type ControlPlaneClient, type GatewayClient } from '@trawling/launcher';
import { type OnStop, systemClock } from '@trawling/runtime';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gatewayUserReadsNothing } from './checks/gateway-user-reads-nothing.js';
import { metadataIsClosed } from './checks/metadata-is-closed.js';
import { unitsAreSteady } from './checks/units-are-steady.js';
import { openCloud } from './cloud/open-cloud.js';
import { type Image } from './image/ensure-image.js';
import { bootMachine, type Machine } from './machine/machine.js';
import { type Bounds, waitFor } from './wait-for.js';
import { openWorld } from './world/open-world.js';

export type RunDeps = {
  checkout: string;
  folder: string;
  name: string;
  image: Image;
  say: (line: string) => void;
  /** Called as soon as there is a machine to look at when something goes wrong. */
  onMachine: (machine: Machine) => void;
};

/** What was seen, with the seconds since the machine was switched on. */
export type Seen = { what: string; seconds: number }[];

const SETTINGS = {
  name: 'Boot test',
  trading_mode: 'paper' as const,
  llm: { provider: 'openai-compatible' as const, model: 'none', base_url: 'http://127.0.0.1:9/v1' },
  schedule: { 'config-sync': '*/2 * * * * *', 'health-ping': '*/3 * * * * *' },
};

/** One bot from POST /bots to its end, on a machine that boots as a droplet does. Throws at whatever is not as it must be. */
export async function run(onStop: OnStop, deps: RunDeps, bounds: Bounds): Promise<Seen> {
  const { checkout, folder, say } = deps;
  const world = await openWorld(onStop, { checkout, folder });
  const cloud = await openCloud(onStop, { checkout, folder, world });
  const { bot_id: botId } = await world.api.createBot({ owner_id: 'boot-test', settings: SETTINGS, secrets: { llm_api_key: 'none' } });
  const droplet = await waitFor(bounds, 'the provisioner to order a droplet', () => cloud.dropletOf(botId));
  say(`Droplet ${droplet.name} was ordered with ${Buffer.byteLength(droplet.userData)} bytes of user data; it boots …`);

  const machineFolder = join(folder, 'machine');
  mkdirSync(machineFolder, { mode: 0o700 });
  const switchedOn = systemClock.monotonicMs();
  const seen: Seen = [];
  const saw = (what: string): void => {
    const seconds = Math.round((systemClock.monotonicMs() - switchedOn) / 100) / 10;
    seen.push({ what, seconds });
    say(`  ${seconds.toFixed(1).padStart(6)} s  ${what}`);
  };
  const machine = await bootMachine(onStop, {
    image: deps.image,
    scripts: join(checkout, 'tools/boot-test/scripts'),
    networkProgram: join(checkout, 'tools/boot-test/dist/inside-network.js'),
    folder: machineFolder,
    name: deps.name,
    userData: droplet.userData,
    instanceId: droplet.id,
    gatewayPort: DROPLET.gatewayPort,
    syncAdapterSocket: world.syncAdapterSocket,
  });
  deps.onMachine(machine);
  saw('the first process of the machine runs');

  const bot = { api: world.api, botId, machine, saw };
  await waitUntilApplied(bot, bounds, 1);
  const gateway = await openGateway(onStop, machine, bounds);
  await waitUntilRuns(bot, gateway, bounds, 1);
  saw(`OpenClaw ${gateway.server.version} runs version 1`);
  await unitsAreSteady(machine);
  saw('agent and gateway were started once, no unit has failed');

  const { refused, asUser } = await gatewayUserReadsNothing(machine, gateway);
  saw(`a command job of OpenClaw (${asUser}) was refused all of ${refused} files of the agent`);
  await metadataIsClosed(machine, gateway);
  saw('the metadata service answers root and not OpenClaw');

  const patched = await world.api.patchBot(botId, { strictness: 'high', timezone: 'Europe/Berlin' });
  await waitUntilApplied(bot, bounds, patched.desired_version);
  await waitUntilRuns(bot, gateway, bounds, patched.desired_version);
  saw(`OpenClaw runs version ${patched.desired_version}`);
  return seen;
}

type WatchedBot = { api: ControlPlaneClient; botId: string; machine: Machine; saw: (what: string) => void };

/** By what the owner reads at GET /bots/{id}; every stage on the way is told. */
async function waitUntilApplied({ api, botId, machine, saw }: WatchedBot, bounds: Bounds, version: number): Promise<void> {
  let last: BotView | null = null;
  const look = async (): Promise<true | null> => {
    const why = machine.ended();
    if (why !== null) throw new Error(why);
    const bot = await api.getBot(botId);
    const [before, now] = [last?.machine, bot.machine];
    if (now?.boot_stage && now.boot_stage !== before?.boot_stage) saw(`stage ${now.boot_stage}`);
    if (now && now.state !== before?.state) saw(`the machine is ${now.state}`);
    if (bot.online && !last?.online) saw('the bot is online');
    last = bot;
    if (now?.state === 'failed') throw new Error(`the machine failed: ${now.reason}`);
    if (bot.sync_status === 'failed') throw new Error(`version ${bot.desired_version} failed: ${bot.sync_message}`);
    return bot.sync_status === 'synced' && bot.applied_version === version ? true : null;
  };
  await waitFor(bounds, `version ${version} to be applied`, look, () => `${last?.machine?.reason ?? ''}; ${last?.sync_message ?? ''}`);
  saw(`version ${version} is applied, says the bot`);
}

/** An independent client, with the token root finds on the machine. */
async function openGateway(onStop: OnStop, machine: Machine, bounds: Bounds): Promise<GatewayClient> {
  const token = readFileSync(machine.at(join(DROPLET.machineDir, MACHINE_FILES.gatewayToken)), 'utf8').trim();
  let last = '';
  const connect = (): Promise<GatewayClient | null> =>
    connectGateway({ url: `ws+unix://${machine.gatewaySocket}:/`, token }).catch((error: unknown) => {
      last = String(error);
      return null;
    });
  const gateway = await waitFor(bounds, 'the gateway to let an independent client in', connect, () => last);
  onStop(() => gateway.close(), 'gateway');
  return gateway;
}

/** Seen at OpenClaw itself, not taken from the bot. */
async function waitUntilRuns({ api, botId }: WatchedBot, gateway: GatewayClient, bounds: Bounds, version: number): Promise<void> {
  const wanted = await api.getVersion(botId, version);
  let differences: string[] = [];
  const look = async (): Promise<true | null> => {
    differences = await differencesFrom(wanted, gateway);
    return differences.length === 0 ? true : null;
  };
  await waitFor(bounds, `OpenClaw to run version ${version}`, look, () => differences.join('; '));
}
