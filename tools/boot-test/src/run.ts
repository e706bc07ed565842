import { DROPLET } from '@trawling/contracts';
import { type OnStop, systemClock } from '@trawling/runtime';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { agentRestartsOnlyTheGateway } from './checks/agent-restarts-only-the-gateway.js';
import { gatewayUserReadsNothing } from './checks/gateway-user-reads-nothing.js';
import { metadataIsClosed } from './checks/metadata-is-closed.js';
import { survivesReboot } from './checks/survives-reboot.js';
import { unitsAreSteady } from './checks/units-are-steady.js';
import { openCloud } from './cloud/open-cloud.js';
import { type Image } from './image/ensure-image.js';
import { bootMachine, type Machine } from './machine/machine.js';
import { type Bounds, waitFor } from './wait-for.js';
import { openGateway, waitUntilApplied, waitUntilHeard, waitUntilRuns } from './watch-bot.js';
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
  const ordered = async () => cloud.droplets()[0] ?? null;
  const reason = async () => (await world.api.getBot(botId)).machine?.reason ?? 'no machine';
  const droplet = await waitFor(bounds, 'the provisioner to order a droplet', ordered).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${await reason()}`);
  });
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
    instanceId: String(droplet.id),
    gatewayPort: DROPLET.gatewayPort,
    syncAdapterSocket: world.syncAdapterSocket,
  });
  deps.onMachine(machine);
  saw('the first process of the machine runs');

  const bot = { api: world.api, botId, machine, saw };
  await waitUntilApplied(bot, bounds, 1);
  const gateway = await openGateway(machine, bounds);
  onStop(() => gateway.close(), 'gateway');
  await waitUntilRuns(bot, gateway, bounds, 1);
  saw(`OpenClaw ${gateway.server.version} runs version 1`);
  await unitsAreSteady(machine);
  saw('agent and gateway were started once, no unit has failed');

  const { refused, asUser } = await gatewayUserReadsNothing(machine, gateway);
  saw(`a command job of OpenClaw (${asUser}) was refused all of ${refused} files of the agent`);
  await metadataIsClosed(machine, gateway);
  saw('the metadata service answers root and not OpenClaw');

  await agentRestartsOnlyTheGateway(machine, async () => {
    const isAnother = async () => {
      const now = await openGateway(machine, bounds);
      now.close();
      return now.server.bootId === gateway.server.bootId ? null : true;
    };
    await waitFor(bounds, 'the gateway to be another than before its restart', isAnother);
  });
  saw('the agent may restart its gateway, and nothing else');

  const patched = await world.api.patchBot(botId, { strictness: 'high', timezone: 'Europe/Berlin' });
  await waitUntilApplied(bot, bounds, patched.desired_version);
  const restarted = await openGateway(machine, bounds);
  await waitUntilRuns(bot, restarted, bounds, patched.desired_version);
  restarted.close();
  saw(`OpenClaw runs version ${patched.desired_version}`);

  await survivesReboot(machine, async () => {
    const back = await openGateway(machine, bounds);
    await waitUntilRuns(bot, back, bounds, patched.desired_version);
    back.close();
    await waitUntilHeard(bot, bounds);
  });
  saw('rebooted: the same machine is back, nothing was installed or enrolled again');

  await world.api.decommission(botId);
  await waitFor(bounds, 'the droplet to be deleted', async () => (cloud.droplets().length === 0 ? true : null));
  saw('the bot is gone and its droplet deleted');
  return seen;
}
