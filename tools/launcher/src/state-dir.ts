import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** Where the parts of one installation lie in its state folder. */
export type StateDir = ReturnType<typeof openStateDir>;

/** What was decided when the state folder was made and cannot change after. */
export const InstallationFile = z.object({
  port_base: z.int(),
  queue_backend: z.enum(['redis', 'postgres']),
  database: z.enum(['embedded', 'external']),
});
export type InstallationFile = z.infer<typeof InstallationFile>;

/** The id in the database, kept here so that the machines of this folder can be found without it. */
export const InstallationIdFile = z.object({ installation_id: z.uuid() });

/** What tells a state folder from any other folder: without it nothing is changed or deleted there. */
const OURS = ['installation.json', 'launcher.lock', 'secrets'];

/** Makes the folder (0700) if needed. Everything written here is private to its owner. Throws on a folder of someone else. */
export function openStateDir(folder: string) {
  if (existsSync(folder)) {
    const entries = readdirSync(folder);
    if (entries.length > 0 && !entries.some((name) => OURS.includes(name))) {
      throw new Error(`${folder} is in use and no state folder of npm start: name a new or an empty one with --state-dir.`);
    }
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = realpathSync(folder);
  const at = (...names: string[]): string => join(root, ...names);
  for (const name of ['secrets', 'logs', 'machines']) mkdirSync(at(name), { recursive: true, mode: 0o700 });
  return {
    root,
    installation: at('installation.json'),
    installationId: at('installation-id.json'),
    connection: at('connection.json'),
    processes: at('processes.json'),
    lock: at('launcher.lock'),
    machines: at('machines'),
    postgres: at('postgres'),
    log: (name: string): string => at('logs', `${name}.log`),
    secret: (name: string): string => at('secrets', name),
  };
}

/** Replaces the file in one step, mode 0600. */
export function writePrivately(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** The text of a private file; made by `make` and kept when it is not there yet. */
export function readOrMake(file: string, make: () => string): string {
  if (!existsSync(file)) writePrivately(file, make());
  return readFileSync(file, 'utf8');
}

/** The parsed file, or null when there is none. Throws when it is there but not readable as such. */
export function readJson<S extends z.ZodType>(file: string, schema: S): z.output<S> | null {
  return existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
}

/** Deletes the folder, and the database's folder where root had to put it elsewhere (see tools/pg.mjs). */
export function removeStateDir(folder: string): void {
  const postgres = join(folder, 'postgres');
  if (existsSync(postgres)) rmSync(realpathSync(postgres), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
