import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MACHINE_FILES, MachineSpec } from '@trawling/contracts';
import { type Clock, isErrorWithCode } from '@trawling/runtime';
import { type CreateResult, type FoundMachine, type MachineDriver, type MachineKey, type MachineOrder, type Preflight } from '../machines/machine-driver.js';
import { UnrecognisedMachine } from '../machines/unrecognised-machine.js';
import { isLocked, withLock } from '../processes/file-lock.js';
import { findMarked } from '../processes/marked-processes.js';
import { chooseGatewayPort } from './gateway-port.js';
import {
  createMachineFolder, DESTROYING, listMachineFolders, machineFolder, machineMarker, machineName, parseMachineMarker,
  readMachineSpec, removeLeftovers, supervisorLock, type MachineFolder,
} from './machine-folder.js';
import { type OpenclawRuntime } from './openclaw-runtime.js';
import { startSupervisor, type StartSupervisorDeps } from './start-supervisor.js';
import { stopMachine } from './stop-machine.js';

/** How far the installation of OpenClaw is. */
export type RuntimeStatus = { state: 'ready'; runtime: OpenclawRuntime } | { state: 'installing' | 'failed'; reason: string };

export type LocalDriverDeps = StartSupervisorDeps & {
  clock: Clock;
  machinesDir: string;
  installationId: string;
  gatewayPortBase: number;
  runtime: () => RuntimeStatus;
  /** Extra environment of every gateway. */
  gatewayEnv?: Record<string, string>;
};

/** Long enough that nobody is still working on it. */
const STALE_DRAFT_MS = 10 * 60_000;

/**
 * Machines as folders with a supervisor each on this computer. A machine is there when its folder is: creating ends
 * with one rename, destroying begins with a mark that no supervisor starts past.
 */
export function createLocalDriver(deps: LocalDriverDeps): MachineDriver {
  const { machinesDir, installationId } = deps;
  const markerOf = (key: MachineKey): string => machineMarker({ ...key, installationId });

  return {
    kind: 'local',
    createTimeoutMs: 10_000,
    // Until every process of the machine is gone.
    destroyTimeoutMs: 40_000,
    settleMs: 0,
    preflight: () => preflight(deps),
    create: (key, order) => create(deps, key, order),
    async find(botId) {
      return (await findAll(deps)).filter((machine) => machine.botId === botId);
    },
    async get(providerId) {
      const folder = machineFolder(machinesDir, providerId);
      if (folder) await throwIfAnothers(deps, folder);
      return (await findAll(deps)).find((machine) => machine.providerId === providerId) ?? null;
    },
    async start(providerId) {
      const folder = machineFolder(machinesDir, providerId);
      if (folder && existsSync(join(folder.path, MACHINE_FILES.spec))) await startSupervisor(deps, folder.path);
    },
    async stop(providerId) {
      const folder = machineFolder(machinesDir, providerId);
      if (folder) await stopOrThrow(deps, folder, markerOf(folder));
    },
    async destroy(providerId) {
      const folder = machineFolder(machinesDir, providerId);
      if (!folder) return;
      await throwIfAnothers(deps, folder);
      await markAsDestroying(folder);
      await stopOrThrow(deps, folder, markerOf(folder));
      const trash = join(machinesDir, `.trash-${folder.name}-${randomUUID()}`);
      await rename(folder.path, trash).catch((error: unknown) => {
        if (!isErrorWithCode(error, 'ENOENT')) throw error;
      });
      await rm(trash, { recursive: true, force: true });
    },
    forget: async () => undefined,
    list: () => findAll(deps),
  };
}

async function preflight(deps: LocalDriverDeps): Promise<Preflight> {
  const runtime = deps.runtime();
  if (runtime.state === 'installing') return { state: 'not_ready', reason: runtime.reason };
  if (runtime.state === 'failed') return { state: 'broken', reason: runtime.reason };
  try {
    await mkdir(deps.machinesDir, { recursive: true, mode: 0o700 });
  } catch {
    return { state: 'broken', reason: `The folder for machines ${deps.machinesDir} cannot be made` };
  }
  await removeLeftovers(deps.machinesDir, (name) => isStale(deps, name));
  return { state: 'ready' };
}

async function create(deps: LocalDriverDeps, key: MachineKey, order: MachineOrder): Promise<CreateResult> {
  const providerId = machineName(key);
  const path = join(deps.machinesDir, providerId);
  const runtime = deps.runtime();
  if (runtime.state !== 'ready') return { outcome: 'rejected', reason: runtime.reason, retryable: true };
  const { node, openclawMjs, version } = runtime.runtime;
  const { enrollmentToken, ...known } = order;
  // One at a time on this computer, also between provisioners: otherwise two could choose the same port.
  await withLock(deps, { folder: join(deps.machinesDir, '.lock'), waitMs: 3_000 }, async () => {
    if (existsSync(path)) return;
    const spec = MachineSpec.parse({
      ...known,
      bot_id: key.botId,
      generation: key.generation,
      machine_id: providerId,
      gateway_port: await chooseGatewayPort({ base: deps.gatewayPortBase, machines: await listMachineFolders(deps.machinesDir) }),
      openclaw: { node, openclaw_mjs: openclawMjs, openclaw_version: version },
      gateway_env: deps.gatewayEnv ?? {},
      host: { kind: 'supervisor' },
    } satisfies MachineSpec);
    await createMachineFolder(deps.machinesDir, spec, enrollmentToken);
  });
  await startSupervisor(deps, path);
  return { outcome: 'accepted', providerId };
}

/** By their folders, and by the processes of folders that somebody removed. */
async function findAll(deps: LocalDriverDeps): Promise<FoundMachine[]> {
  const [folders, marked] = await Promise.all([listMachineFolders(deps.machinesDir), findMarked()]);
  const machines = await Promise.all(folders.map((folder) => describeFolder(deps, folder)));
  const known = new Set(folders.map((folder) => folder.name));
  const orphaned = new Map<string, FoundMachine>();
  for (const one of marked) {
    const key = parseMachineMarker(one.machine);
    if (!key || key.installationId !== deps.installationId || known.has(machineName(key))) continue;
    const { botId, generation } = key;
    orphaned.set(machineName(key), { botId, generation, providerId: machineName(key), state: 'running', createdAt: new Date(0) });
  }
  return [...machines.flatMap((machine) => machine ?? []), ...orphaned.values()];
}

/** Null: removed while we looked, or another installation's (a folder that was used with another database). */
async function describeFolder(deps: LocalDriverDeps, folder: MachineFolder): Promise<FoundMachine | null> {
  const [made, spec] = await Promise.all([stat(folder.path).catch(() => null), readMachineSpec(folder.path).catch(() => null)]);
  if (!made || (spec && spec.installation_id !== deps.installationId)) return null;
  const { botId, generation } = folder;
  const running = await isLocked(supervisorLock(folder.path));
  return { botId, generation, providerId: folder.name, state: running ? 'running' : 'off', createdAt: made.birthtime };
}

/** A folder that was used with another database: its machine is that one's. */
async function throwIfAnothers(deps: LocalDriverDeps, folder: MachineFolder): Promise<void> {
  const spec = await readMachineSpec(folder.path).catch(() => null);
  if (!spec || spec.installation_id === deps.installationId) return;
  const state = (await isLocked(supervisorLock(folder.path))) ? 'running' : 'off';
  const message = `The machine in ${folder.path} is installation ${spec.installation_id}'s: it is neither destroyed nor replaced. Move that folder away, or destroy it from there`;
  throw new UnrecognisedMachine(message, { providerId: folder.name, state, createdAt: (await stat(folder.path)).birthtime });
}

async function markAsDestroying(folder: MachineFolder): Promise<void> {
  await writeFile(join(folder.path, DESTROYING), '').catch((error: unknown) => {
    if (!isErrorWithCode(error, 'ENOENT')) throw error;
  });
}

async function stopOrThrow(deps: LocalDriverDeps, folder: MachineFolder, marker: string): Promise<void> {
  const left = await stopMachine(deps.clock, { path: folder.path, marker });
  if (left.length > 0) throw new Error(`Processes of ${folder.name} do not end: ${left.map((one) => one.pid).join(', ')}`);
}

async function isStale(deps: LocalDriverDeps, name: string): Promise<boolean> {
  const path = join(deps.machinesDir, name);
  // A folder on its way out has no more users; a draft may be in use right now.
  if (name.startsWith('.trash-')) return true;
  const made = await stat(path).catch(() => null);
  const entries = await readdir(path).catch(() => []);
  return made !== null && (entries.length === 0 || deps.clock.now().getTime() - made.mtimeMs > STALE_DRAFT_MS);
}
