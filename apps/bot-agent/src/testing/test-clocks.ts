import { type FakeClock } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { openServerClock, type ServerClock } from '../reports/server-clock.js';

/** The agent's idea of the server's time on a machine whose clock is `clock`, or wrong by `wrongMs`. */
export const serverClockOn = (path: string, clock: FakeClock, over: { boot?: string; wrongMs?: () => number } = {}): Promise<ServerClock> =>
  openServerClock({
    host: realHost,
    path,
    boot: over.boot ?? 'boot-1',
    machineMs: clock.monotonicMs,
    now: () => new Date(clock.now().getTime() + (over.wrongMs?.() ?? 0)),
  });
