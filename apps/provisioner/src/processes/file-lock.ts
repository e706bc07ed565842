import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isErrorWithCode } from '@trawling/runtime';
import { identify, isAlive, ProcessIdentity } from './process-identity.js';

export type FileLock = { release: () => Promise<void> };

const claimName = /^claim\.(\d+)$/;

/**
 * Takes an exclusive lock that ends with its holder, also after kill -9; null when a living process holds it.
 *
 * The lock is a folder of numbered claims. The highest one counts; it is made by link(), which only one process can
 * win, and a claim whose holder is gone is not removed but followed by the next number, so that nobody can remove
 * a claim that was taken over meanwhile. Node has no flock.
 */
export async function tryLock(folder: string): Promise<FileLock | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const self = await identify(process.pid);
  if (!self) throw new Error('This process cannot find its own start time');
  // The nonce tells two holders inside one process apart.
  const claim = { ...self, nonce: randomUUID() };
  const draft = join(folder, `draft.${claim.nonce}`);
  await writeFile(draft, JSON.stringify(claim), { mode: 0o600 });
  try {
    for (;;) {
      const highest = Math.max(0, ...(await claims(folder)));
      if (highest > 0 && (await isHeld(join(folder, `claim.${highest}`)))) return null;
      const mine = join(folder, `claim.${highest + 1}`);
      try {
        await link(draft, mine);
      } catch (error) {
        if (isErrorWithCode(error, 'EEXIST')) continue;
        throw error;
      }
      // A slow one may have taken a number that was used up and cleared away: only the highest counts.
      if (Math.max(...(await claims(folder))) > highest + 1) {
        await rm(mine, { force: true });
        continue;
      }
      await removeOld(folder, highest + 1);
      return { release: () => releaseClaim(folder, mine) };
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whether a living process holds the lock. */
export async function isLocked(folder: string): Promise<boolean> {
  return (await lockHolder(folder)) !== null;
}

export async function lockHolder(folder: string): Promise<ProcessIdentity | null> {
  const highest = Math.max(0, ...(await claims(folder).catch(() => [])));
  if (highest === 0) return null;
  const holder = await readClaim(join(folder, `claim.${highest}`));
  return holder && (await isAlive(holder)) ? holder : null;
}

/** Runs `work` under the lock, waiting for it up to `waitMs`. Throws when it stays taken. */
export async function withLock<T>(
  deps: { clock: Clock },
  input: { folder: string; waitMs: number; onWait?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  const deadline = deps.clock.monotonicMs() + input.waitMs;
  let waited = false;
  for (;;) {
    const lock = await tryLock(input.folder);
    if (lock) {
      try {
        return await work();
      } finally {
        await lock.release();
      }
    }
    if (!waited) input.onWait?.();
    waited = true;
    if (deps.clock.monotonicMs() >= deadline) throw new Error(`Another process keeps the lock ${input.folder}`);
    await deps.clock.sleep(100);
  }
}

async function claims(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const number = claimName.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

async function isHeld(path: string): Promise<boolean> {
  const holder = await readClaim(path);
  return holder !== null && (await isAlive(holder));
}

/** Null for a released claim, an unreadable one and one that is gone. */
async function readClaim(path: string): Promise<ProcessIdentity | null> {
  try {
    return ProcessIdentity.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return null;
  }
}

/** The claim stays, as a number that is used up, but names nobody. */
async function releaseClaim(folder: string, mine: string): Promise<void> {
  const empty = join(folder, `draft.${randomUUID()}`);
  try {
    await writeFile(empty, '{}', { mode: 0o600 });
    await rename(empty, mine);
  } catch (error) {
    // The folder is gone together with what it protected.
    if (!isErrorWithCode(error, 'ENOENT')) throw error;
  }
}

/** The one below stays too: whoever read it as the highest must not find an empty folder next. */
async function removeOld(folder: string, current: number): Promise<void> {
  for (const number of await claims(folder)) {
    if (number < current - 1) await rm(join(folder, `claim.${number}`), { force: true });
  }
}
