import { z } from 'zod';
import { type Host } from '../host.js';
import { openJsonFile } from '../state/json-file.js';

/** A moment by a clock that cannot be set wrong, only not compared yet: milliseconds since this boot of the machine. */
export const Made = z.object({ boot: z.string(), ms: z.number() });
export type Made = z.infer<typeof Made>;

/** When something happened; `made` is there as long as the machine's clock could not be compared with the server's. */
export interface Stamp {
  timestamp: string;
  made?: Made;
}

export interface ServerClock {
  /** The server's time as far as it is known, else the machine's. */
  now(): Date;
  /** For a report of now: no two are the same, and none is before the one made before it. */
  stamp(): Stamp;
  /** For something that the machine's own clock gave this time, in ms since 1970. */
  stampOf(machineTimeMs: number): Stamp;
  /** The time of a report that was stamped before the server's time was known; the same each time it is asked. */
  settle(stamp: Stamp): string;
  /** For durations that end in `heard`. */
  machineMs(): number;
  /** The server said its time in an answer to a request; the two others are by `machineMs`. */
  heard(answer: { serverTime: string; sentMs: number; receivedMs: number }): Promise<void>;
  /** How far the machine's clock is behind the server's; null before the first answer. */
  offsetMs(): number | null;
}

/** The server's time at the start of a boot of this machine. */
const Known = z.object({
  boot: z.string(),
  /** As it was known first: what was stamped before is settled by it, or sending it twice would make two of it. */
  first_ms: z.number(),
  ms: z.number(),
  /** It may be wrong by this much. */
  error_ms: z.number(),
});
type Known = z.infer<typeof Known>;

/** The sync-adapter takes nothing older; a machine without a battery for its clock starts in 1970. */
const EARLIEST_MS = Date.parse('2024-01-01T00:00:00Z');
/** Not worth a write to the disk. */
const SMALL_MS = 250;
/** A clock that goes back by more was set. */
const JUMP_MS = 1_000;

/**
 * The server's time on a machine whose own clock may be wrong by a day or be set while we run: counted from the boot of
 * the machine by its monotonic clock, which every process of one boot shares, and told by the server's answers.
 */
export async function openServerClock(deps: {
  host: Host;
  path: string;
  /** Of this boot of the machine. */
  boot: string;
  /** Milliseconds since that boot, the same in all processes. */
  machineMs(): number;
  /** The machine's own idea of the time. */
  now(): Date;
}): Promise<ServerClock> {
  const { boot, machineMs } = deps;
  const file = await openJsonFile(deps.host, deps.path, Known);
  const stored = file.current();
  let known: Known | null = stored?.boot === boot ? stored : null;
  let written = known?.ms ?? NaN;
  let lastMs = -1;
  let lastTime = 0;

  const nowMs = () => (known ? known.ms + machineMs() : deps.now().getTime());
  const toStamp = (timeMs: number, made: Made): Stamp => ({ timestamp: new Date(timeMs).toISOString(), ...(known ? {} : { made }) });

  return {
    machineMs,
    now: () => new Date(nowMs()),
    stamp: () => {
      lastMs = Math.max(Math.floor(machineMs()), lastMs + 1);
      const time = Math.floor(nowMs() - machineMs() + lastMs);
      // The server's time became a little better known; after a jump there is nothing to hold on to.
      lastTime = time <= lastTime && lastTime - time < JUMP_MS ? lastTime + 1 : time;
      return toStamp(lastTime, { boot, ms: lastMs });
    },
    stampOf: (machineTimeMs) => {
      // Nothing happened later than now; a clock that was set back would say so.
      const agoMs = Math.max(0, deps.now().getTime() - machineTimeMs);
      return toStamp(nowMs() - agoMs, { boot, ms: machineMs() - agoMs });
    },
    settle: ({ timestamp, made }) => {
      if (!made || !known) return timestamp;
      if (made.boot === known.boot) return new Date(known.first_ms + made.ms).toISOString();
      // Of an earlier boot that never heard the time: not in the future, and not before there was such a bot, is all that can be said.
      if (Date.parse(timestamp) > nowMs()) return new Date(nowMs()).toISOString();
      return Date.parse(timestamp) < EARLIEST_MS ? new Date(EARLIEST_MS + Math.max(0, Math.floor(made.ms))).toISOString() : timestamp;
    },
    heard: async ({ serverTime, sentMs, receivedMs }) => {
      const ms = Date.parse(serverTime) - (sentMs + receivedMs) / 2;
      const error_ms = (receivedMs - sentMs) / 2 + 1;
      if (Number.isNaN(ms)) return;
      const isNews = !known || Math.abs(ms - known.ms) > error_ms + known.error_ms;
      if (!isNews && known && error_ms >= known.error_ms) return;
      known = { boot, first_ms: known?.first_ms ?? ms, ms, error_ms };
      if (Math.abs(ms - written) <= SMALL_MS) return;
      written = ms;
      // Without it, the next process of this boot asks the server again.
      await file.write(known).catch(() => undefined);
    },
    offsetMs: () => (known ? Math.round(nowMs() - deps.now().getTime()) : null),
  };
}

/** Linux names each boot; elsewhere each process counts as one of its own. */
export async function bootOfMachine(host: Pick<Host, 'readText'>, newId: () => string): Promise<string> {
  const boot = await host.readText('/proc/sys/kernel/random/boot_id').catch(() => null);
  return boot?.trim() || newId();
}
