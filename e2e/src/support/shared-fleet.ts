import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BotView, type Connection } from '@trawling/contracts';
import { connectGateway, createControlPlaneClient, findByMarker, removeStateDir, type ControlPlaneClient, type GatewayClient } from '@trawling/launcher';
import { until } from '@trawling/runtime/testing';
import { freePortBase, launch, readConnection, type Launch } from './launch.js';

/** One running installation that the tests of a file share, with one demo bot on the real OpenClaw. */
export type SharedFleet = {
  stateDir: string;
  connection: Connection;
  controlPlane: ControlPlaneClient;
  botId: string;
  launcher: Launch;
  /** A client of the bot's gateway that has nothing to do with the agent; closed when the fleet is. */
  gateway: (timeoutMs?: number) => Promise<GatewayClient>;
  /** Waits until the control plane shows the bot like this; fails with what it showed instead. */
  untilBot: (condition: (bot: BotView) => boolean, timeoutMs?: number) => Promise<BotView>;
  /** Waits until the bot runs this version; a failure of the version ends the wait. */
  untilSynced: (version: number, timeoutMs?: number) => Promise<BotView>;
  stop: () => Promise<void>;
};

export async function startFleet({ bots = 1 } = {}): Promise<SharedFleet> {
  const stateDir = mkdtempSync(join(tmpdir(), 'trawling-e2e-'));
  const portBase = await freePortBase();
  const launcher = launch(['--state-dir', stateDir, '--port-base', String(portBase), '--bots', String(bots)]);
  try {
    const connection = await readConnection(launcher, stateDir);
    return fleetOf({ stateDir, connection, launcher });
  } catch (error) {
    launcher.pressCtrlC();
    await launcher.ended;
    throw error;
  }
}

/** The tests' view of an installation that runs. */
export function fleetOf({ stateDir, connection, launcher }: { stateDir: string; connection: Connection; launcher: Launch }): SharedFleet {
  const controlPlane = createControlPlaneClient({ url: connection.control_plane_url, apiKey: connection.api_key });
  const [bot] = connection.bots;
  if (!bot) throw new Error('connection.json names no bot');
  const botId = bot.bot_id;
  const clients: GatewayClient[] = [];

  const untilBot: SharedFleet['untilBot'] = async (condition, timeoutMs = 60_000) => {
    let last: unknown;
    return until(
      async () => {
        const view = await controlPlane.getBot(botId);
        last = { machine: view.machine, sync: view.sync_message, desired: view.desired_version, applied: view.applied_version, ack: view.last_ack };
        return condition(view) ? view : null;
      },
      { timeoutMs, intervalMs: 200, message: 'the bot did not get there' },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${JSON.stringify(last, null, 2)}`);
    });
  };

  return {
    stateDir, connection, controlPlane, botId, launcher, untilBot,
    untilSynced: async (version, timeoutMs) => {
      const view = await untilBot(
        ({ desired_version, applied_version, sync_status }) =>
          desired_version >= version && (sync_status === 'failed' || (sync_status === 'synced' && applied_version === desired_version)),
        timeoutMs,
      );
      if (view.sync_status === 'failed') throw new Error(`version ${view.desired_version} failed: ${JSON.stringify(view.last_ack)}`);
      return view;
    },
    gateway: async (timeoutMs = 60_000) => {
      const client = await until(() => connectGateway({ url: bot.gateway_url, token: bot.gateway_token }), { timeoutMs, intervalMs: 200 });
      clients.push(client);
      return client;
    },
    stop: async () => {
      for (const client of clients) client.close();
      launcher.pressCtrlC();
      await launcher.ended;
      removeStateDir(stateDir);
    },
  };
}

/** Processes of an installation: services and machines. Needs the state folder. */
export function processesOf(stateDir: string): number[] {
  const { installation_id: id } = readInstallationId(stateDir);
  return findByMarker((entry) => entry === `TRAWLING_STATE=${stateDir}` || entry.startsWith(`TRAWLING_MACHINE=${id}/`)).map(({ pid }) => pid);
}

function readInstallationId(stateDir: string): { installation_id: string } {
  const text: unknown = JSON.parse(readFileSync(join(stateDir, 'installation-id.json'), 'utf8'));
  if (typeof text === 'object' && text !== null && 'installation_id' in text) return { installation_id: String(text.installation_id) };
  throw new Error('installation-id.json names no installation');
}
