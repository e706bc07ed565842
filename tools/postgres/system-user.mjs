// Postgres refuses to run as root. Root therefore runs it as another user, who must be able to reach its files.
import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';

/** @typedef {{ uid: number, gid: number }} SystemUser */

/** The user a server started by root runs as, from /etc/passwd; null when we are not root. @returns {SystemUser | null} */
export function serverUser() {
  if (process.getuid?.() !== 0) return null;
  const entries = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const entry = entries.find((fields) => fields[0] === name);
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new Error('Postgres does not run as root, and there is neither a postgres nor a nobody user: add one, or set DATABASE_URL');
}

/** Whether every folder from `path` up to the root lets that user pass (x for all, or its own). */
export function canReach(path, user) {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    const passes = !stat || (stat.mode & 0o001) !== 0 || (stat.uid === user.uid && (stat.mode & 0o100) !== 0);
    if (!passes) return false;
    if (folder === parse(folder).root) return true;
  }
}

/** A folder of root's that others may pass through but not write to: home of what cannot stay below a 0700 folder. */
export function sharedFolder() {
  for (const base of ['/var/lib', tmpdir()]) {
    const folder = join(base, 'trawling-traders');
    try {
      mkdirSync(folder, { recursive: true, mode: 0o711 });
    } catch {
      continue;
    }
    const stat = statSync(folder);
    // In a world-writable tmp someone else could have put a folder of this name there first.
    if (stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0) return folder;
  }
  throw new Error('found no folder for Postgres that its user can reach: set DATABASE_URL to a Postgres of your own');
}

/** Makes a folder that only the server's user (else we ourselves) can enter. */
export function makePrivateFolder(path, user) {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (user) chownSync(path, user.uid, user.gid);
}
