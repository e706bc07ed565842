import { DROPLET, MACHINE_FILES, type BotView } from '@trawling/contracts';
import { connectGateway, differencesFrom, type ControlPlaneClient, type GatewayClient } from '@trawling/launcher';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Machine } from './machine/machine.js';
import { type Bounds, waitFor } from './wait-for.js';

export type WatchedBot = { api: ControlPlaneClient; botId: string; machine: Machine; saw: (what: string) => void };

/** By what the owner reads at GET /bots/{id}; every stage on the way is told. */
export async function waitUntilApplied({ api, botId, machine, saw }: WatchedBot, bounds: Bounds, version: number): Promise<void> {
  let last: BotView | null = null;
  const look = async (): Promise<true | null> => {
    const why = machine.ended();
    if (why !== null) throw new Error(why);
    const bot = await api.getBot(botId);
    const [before, now] = [last?.machine, bot.machine];
    if (now?.boot_stage && now.boot_stage !== before?.boot_stage) saw(`stage ${now.boot_stage}`);
    if (now && now.state !== before?.state) saw(`the machine is ${now.state}`);
    const trouble = / \(last boot error: .*\)/.exec(now?.next_step ?? '')?.[0] ?? '';
    if (trouble !== '' && !before?.next_step.includes(trouble)) saw(`the owner reads${trouble}`);
    if (bot.online && !last?.online) saw('the bot is online');
    last = bot;
    if (now?.state === 'failed') throw new Error(`the machine failed: ${now.reason}`);
    if (bot.sync_status === 'failed') throw new Error(`version ${bot.desired_version} failed: ${bot.sync_message}`);
    return bot.sync_status === 'synced' && bot.applied_version === version ? true : null;
  };
  await waitFor(bounds, `version ${version} to be applied`, look, () => `${last?.machine?.reason ?? ''}; ${last?.sync_message ?? ''}`);
  saw(`version ${version} is applied, says the bot`);
}

/** A heartbeat that was sent from now on. */
export async function waitUntilHeard({ api, botId }: WatchedBot, bounds: Bounds): Promise<void> {
  const before = (await api.getBot(botId)).last_heartbeat_at;
  await waitFor(bounds, 'another heartbeat', async () => ((await api.getBot(botId)).last_heartbeat_at === before ? null : true));
}

/** An independent client, with the token root finds on the machine. */
export async function openGateway(machine: Machine, bounds: Bounds): Promise<GatewayClient> {
  const token = readFileSync(machine.at(join(DROPLET.machineDir, MACHINE_FILES.gatewayToken)), 'utf8').trim();
  let last = '';
  const connect = (): Promise<GatewayClient | null> =>
    connectGateway({ url: `ws+unix://${machine.gatewaySocket}:/`, token }).catch((error: unknown) => {
      last = String(error);
      return null;
    });
  return waitFor(bounds, 'the gateway to let an independent client in', connect, () => last);
}

/** Seen at OpenClaw itself, not taken from the bot. */
export async function waitUntilRuns({ api, botId }: WatchedBot, gateway: GatewayClient, bounds: Bounds, version: number): Promise<void> {
  const wanted = await api.getVersion(botId, version);
  let differences: string[] = [];
  const look = async (): Promise<true | null> => {
    differences = await differencesFrom(wanted, gateway);
    return differences.length === 0 ? true : null;
  };
  await waitFor(bounds, `OpenClaw to run version ${version}`, look, () => differences.join('; '));
}
