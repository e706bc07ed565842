import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { systemClock } from '@trawling/runtime';
import { z } from 'zod';
import { identify, isAlive, type ProcessIdentity } from './process-table.js';
import { writePrivately } from './state-dir.js';
import { type Bounds, waitFor } from './wait.js';

const Identity = z.object({ pid: z.int(), started: z.string() });
const Exists = z.object({ code: z.literal('EEXIST') });

/** Seconds to wait for a launcher that lost its parent and is about to leave. */
const HANDOVER_SECONDS = 6;

/**
 * Makes this process the only launcher on a state folder; returns how to stop being it. When another one runs it
 * waits a moment, because one whose `npm start` was killed goes by itself, then throws with what to do.
 */
export async function takeLock(file: string, bounds: Bounds): Promise<() => void> {
  const mine = identify(process.pid);
  if (!mine) throw new Error('cannot read my own process entry');
  let holder: ProcessIdentity | null = null;
  const patience = { ...bounds, deadlineMs: Math.min(bounds.deadlineMs, systemClock.monotonicMs() + HANDOVER_SECONDS * 1000) };
  await waitFor(patience, 'the other launcher', () => {
    holder = tryLock(file, mine);
    return holder === null ? true : null;
  }).catch((error: unknown) => {
    if (holder === null) throw error;
    throw new Error(
      `npm start already runs on this state folder (process ${holder.pid}). Stop it with Ctrl-C there or with: kill ${holder.pid}. ` +
        'Or run this one beside it, with another --state-dir.',
    );
  });
  return () => {
    if (readHolder(file)?.pid === mine.pid) rmSync(file, { force: true });
  };
}

/** Who runs a launcher on this folder; null when nobody does. */
export function lockHolder(file: string): ProcessIdentity | null {
  const holder = readHolder(file);
  return holder && isAlive(holder) ? holder : null;
}

/** Null when the lock is mine now, else who has it. A hard link either is made or is not: no window in between. */
function tryLock(file: string, mine: ProcessIdentity): ProcessIdentity | null {
  const candidate = `${file}.${mine.pid}`;
  writePrivately(candidate, JSON.stringify(mine));
  try {
    for (;;) {
      try {
        linkSync(candidate, file);
        return null;
      } catch (error) {
        // A file system without hard links would be tried for ever.
        if (!Exists.safeParse(error).success) throw error;
        const holder = readHolder(file);
        if (holder && isAlive(holder)) return holder;
        removeStale(file, holder);
      }
    }
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** Moves the dead launcher's lock away; puts it back when somebody else was faster and it is a new one. */
function removeStale(file: string, stale: ProcessIdentity | null): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (moved && moved.pid !== stale?.pid) linkSync(aside, file);
  } catch {
    // Already moved by another launcher; the next round sees what is there now.
  } finally {
    rmSync(aside, { force: true });
  }
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    return Identity.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}
