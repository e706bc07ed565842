// Where a server's data lies, and the two files that say who may use it: <dataDir>.password and postmaster.pid.
import { randomBytes } from 'node:crypto';
import {
  existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { isRunning } from './process.mjs';
import { canReach, makePrivateFolder, sharedFolder } from './system-user.mjs';

/**
 * Root's server cannot enter a folder below, say, /root: then the data lies in a shared place and `dataDir` links to it.
 * Deleting the link leaves the data behind, until the next such start collects what temporary folders have left.
 */
export function reachableDataFolder(dataDir, user) {
  mkdirSync(dirname(dataDir), { recursive: true });
  const isLink = lstatSync(dataDir, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (!isLink && user && !canReach(dirname(dataDir), user)) {
    if (existsSync(dataDir)) throw new Error(`${dataDir} exists, but the user Postgres runs as cannot reach it`);
    const shared = sharedFolder();
    removeAbandonedData(shared);
    const elsewhere = join(shared, `data-${randomBytes(8).toString('hex')}`);
    writeFileSync(`${elsewhere}.link`, dataDir, { mode: 0o600 });
    makePrivateFolder(elsewhere, user);
    symlinkSync(elsewhere, dataDir);
  } else {
    makePrivateFolder(isLink ? readlinkSync(dataDir) : dataDir, user);
  }
  return realpathSync(dataDir);
}

/**
 * Only where the link lay below the folder for temporary files: a link elsewhere may have been moved with its state folder,
 * and data is not ours to guess about.
 */
function removeAbandonedData(shared) {
  const notes = readdirSync(shared).filter((name) => name.startsWith('data-') && name.endsWith('.link'));
  for (const note of notes) {
    const folder = join(shared, note.slice(0, -'.link'.length));
    const link = readFileSync(join(shared, note), 'utf8');
    const server = readPostmasterFile(folder);
    const isLinked = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === folder;
    if (!link.startsWith(tmpdir() + sep) || isLinked || isNew(join(shared, note)) || (server && isRunning(server.pid))) continue;
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(shared, note), { force: true });
  }
}

/** Somebody may be about to make the link. */
const isNew = (file) => Date.now() - statSync(file).mtimeMs < 60_000;

/** The superuser's password, kept beside the data; null when there is none. */
export function readPassword(dataDir) {
  const file = `${dataDir}.password`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

/** Random, in a file that is ours alone. */
export function readOrMakePassword(dataDir) {
  const known = readPassword(dataDir);
  if (known !== null) return known;
  if (existsSync(join(dataDir, 'PG_VERSION'))) throw new Error(`${dataDir} holds a database, but its password file ${dataDir}.password is gone`);
  const password = randomBytes(24).toString('base64url');
  writeFileSync(`${dataDir}.password`, `${password}\n`, { mode: 0o600 });
  return password;
}

/** What a server says about itself while it runs: line 1 is its process id, line 4 its port (PostgreSQL's pidfile.h). */
export function readPostmasterFile(folder) {
  try {
    const lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]) };
  } catch {
    return null;
  }
}
