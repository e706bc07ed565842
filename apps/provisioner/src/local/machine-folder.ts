import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BotId, MACHINE_FILES, MACHINE_FOLDERS, MachineSpec } from '@trawling/contracts';
import { isErrorWithCode } from '@trawling/runtime';
import { type MachineKey } from '../machines/machine-driver.js';

const folderName = /^([0-9a-f-]{36})-g(\d{1,6})$/;

/** Where one local machine lives; its name is also its provider id. */
export type MachineFolder = MachineKey & { name: string; path: string };

export const machineName = (key: MachineKey): string => `${key.botId}-g${key.generation}`;

/** Null when `name` is not a machine's. */
export function machineFolder(machinesDir: string, name: string): MachineFolder | null {
  const [, id, generation] = folderName.exec(name) ?? [];
  const botId = BotId.safeParse(id);
  return botId.success ? { botId: botId.data, generation: Number(generation), name, path: join(machinesDir, name) } : null;
}

export async function listMachineFolders(machinesDir: string): Promise<MachineFolder[]> {
  const names = await readdir(machinesDir).catch((error: unknown) => {
    if (isErrorWithCode(error, 'ENOENT')) return [];
    throw error;
  });
  return names.flatMap((name) => machineFolder(machinesDir, name) ?? []);
}

/** Throws when the file is missing or is not a MachineSpec. */
export async function readMachineSpec(path: string): Promise<MachineSpec> {
  return MachineSpec.parse(JSON.parse(await readFile(join(path, MACHINE_FILES.spec), 'utf8')));
}

/** What every process of this machine carries in its environment. */
export const machineMarker = (machine: MachineKey & { installationId: string }): string =>
  `${machine.installationId}/${machine.botId}/${machine.generation}`;

export function parseMachineMarker(marker: string): (MachineKey & { installationId: string }) | null {
  const [installationId, botId, generation] = marker.split('/');
  if (installationId === undefined || !BotId.safeParse(botId).success || botId === undefined) return null;
  return /^\d{1,6}$/.test(generation ?? '') ? { installationId, botId, generation: Number(generation) } : null;
}

/** Starting one is refused from here on, also by a supervisor that is just coming up. */
export const DESTROYING = 'destroying';

/** The lock that the machine's supervisor holds while it runs. */
export const supervisorLock = (path: string): string => join(path, 'lock');

/**
 * Makes the folder whole under another name and renames it into place, so that a machine either exists with all its
 * files or does not. False when somebody else made it meanwhile.
 */
export async function createMachineFolder(machinesDir: string, spec: MachineSpec, enrollmentToken: string): Promise<boolean> {
  const name = machineName({ botId: spec.bot_id, generation: spec.generation });
  const draft = join(machinesDir, `.draft-${name}-${randomUUID()}`);
  await mkdir(draft, { recursive: true, mode: 0o700 });
  try {
    for (const folder of MACHINE_FOLDERS) await mkdir(join(draft, folder), { mode: 0o700 });
    await writePrivate(join(draft, MACHINE_FILES.enrollmentToken), enrollmentToken);
    await writePrivate(join(draft, MACHINE_FILES.spec), `${JSON.stringify(spec, null, 2)}\n`);
    await rename(draft, join(machinesDir, name));
    return true;
  } catch (error) {
    // rename() refuses to replace a folder that is not empty.
    if (isErrorWithCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Written whole and on disk, or not at all; 0600. */
export async function replacePrivate(path: string, content: string | Buffer): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writePrivate(draft, content);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function writePrivate(path: string, content: string | Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What processes killed in the middle left behind: drafts and folders on their way out, older than `olderThanMs`. */
export async function removeLeftovers(machinesDir: string, isStale: (name: string) => Promise<boolean>): Promise<void> {
  for (const name of await readdir(machinesDir).catch(() => [])) {
    if (/^\.(draft|trash)-/.test(name) && (await isStale(name))) {
      await rm(join(machinesDir, name), { recursive: true, force: true });
    }
  }
}
