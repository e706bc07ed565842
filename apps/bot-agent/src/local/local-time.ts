import { DomainError } from '@trawling/contracts';
import { type ServerClock, type Stamp } from '../reports/server-clock.js';

/** A clock that is wrong by less does no harm, and is not told from one that is right. */
const WRONG_MS = 60_000;
/** The sync-adapter rejects what is older than any bot. */
const EARLIEST_MS = Date.parse('2024-01-01T00:00:00Z');

/**
 * The time of a report whose caller says it. Callers read this machine's clock, or repeat what an exchange said: on a
 * machine whose clock is wrong, a time nearer to that clock than to the server's is by that clock, and is translated.
 * Throws DomainError for a time that cannot be.
 */
export function timeOf(at: string, clock: ServerClock): Stamp {
  const givenMs = Date.parse(at);
  const offsetMs = clock.offsetMs();
  const serverMs = clock.now().getTime();
  const machineMs = serverMs - (offsetMs ?? 0);
  const isByMachine = offsetMs === null || (Math.abs(offsetMs) > WRONG_MS && Math.abs(givenMs - machineMs) < Math.abs(givenMs - serverMs));
  const stamp = isByMachine ? clock.stampOf(givenMs) : { timestamp: new Date(givenMs).toISOString() };
  if (Date.parse(stamp.timestamp) > serverMs + WRONG_MS) throw absurd('is in the future');
  if (givenMs < EARLIEST_MS) throw absurd('is long before there were bots');
  return stamp;
}

const absurd = (message: string): DomainError => new DomainError('invalid-request', `at: ${message}`, { issues: [{ path: 'at', message }] });
