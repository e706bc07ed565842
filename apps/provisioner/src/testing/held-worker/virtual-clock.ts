import { openSync, readSync } from 'node:fs';
import { type Clock } from '@trawling/runtime';
import { type Gate } from './gate.js';

/** The test's time, read anew at each look: a process that was stopped sees how much of it has passed. */
export function openVirtualClock({ clockFile, skewMs }: { clockFile: string; skewMs: number }, gate: Gate): Clock {
  const file = openSync(clockFile, 'r');
  const bytes = Buffer.alloc(8);
  const ms = (): number => {
    readSync(file, bytes, 0, bytes.length, 0);
    return bytes.readDoubleLE(0);
  };
  return {
    now: () => new Date(ms() + skewMs),
    monotonicMs: ms,
    sleep: (duration, signal) => gate.sleepUntil(ms() + duration, signal),
  };
}
