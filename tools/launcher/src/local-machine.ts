import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_FILES, MachineSpec } from '@trawling/contracts';
import { findByMarker, type ProcessIdentity } from './process-table.js';

/** How to reach the OpenClaw of one bot on this machine. */
export type LocalGateway = { botId: string; url: string; token: string };

/** Folders of local machines are named `<bot id>-g<generation>` (apps/provisioner). */
const FOLDER = /^([0-9a-f-]{36})-g(\d+)$/;

/** The gateways of the newest machine of every bot that has got as far as having one. */
export function localGateways(machinesDir: string): LocalGateway[] {
  if (!existsSync(machinesDir)) return [];
  const newest = new Map<string, { generation: number; folder: string }>();
  for (const name of readdirSync(machinesDir)) {
    const [, botId, generation] = FOLDER.exec(name) ?? [];
    if (botId && Number(generation) > (newest.get(botId)?.generation ?? 0)) {
      newest.set(botId, { generation: Number(generation), folder: join(machinesDir, name) });
    }
  }
  return [...newest].flatMap(([botId, { folder }]) => readGateway(botId, folder) ?? []);
}

function readGateway(botId: string, folder: string): LocalGateway | null {
  try {
    const spec = MachineSpec.parse(JSON.parse(readFileSync(join(folder, MACHINE_FILES.spec), 'utf8')));
    const token = readFileSync(join(folder, MACHINE_FILES.gatewayToken), 'utf8').trim();
    return { botId, url: `ws://127.0.0.1:${spec.gateway_port}`, token };
  } catch {
    return null; // still being made, or being removed
  }
}

/** Every process of this bot's machines: supervisor, agent, gateway and whatever they started. */
export function processesOfBot(botId: string): ProcessIdentity[] {
  return findByMarker((entry) => entry.startsWith('TRAWLING_MACHINE=') && entry.includes(`/${botId}/`));
}
