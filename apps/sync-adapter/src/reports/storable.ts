import { type Issue } from '@trawling/contracts';
import { jsonProblems } from '@trawling/domain';

/**
 * What Postgres would refuse in any text or JSON: NUL, half surrogate pairs; nesting that would overflow a stack; and
 * names like `__proto__`, which zod leaves out of a record without a word: the rest would be stored as if it were all.
 */
export function unstorable(value: unknown): Issue[] {
  return jsonProblems(value).map(({ path, message }) => ({ path, message }));
}

/** Nothing a bot reports happened before this project did. */
const EARLIEST = Date.parse('2024-01-01T00:00:00Z');
/** Milliseconds that a bot's clock may be ahead of ours. */
const MAX_AHEAD_MS = 24 * 3_600_000;

/** Why a time cannot be when something happened; null when it can. */
export function absurdTime(timestamp: string, now: Date): string | null {
  const time = Date.parse(timestamp);
  if (Number.isNaN(time)) return 'is no time';
  if (time < EARLIEST) return 'is long before there were bots';
  if (time > now.getTime() + MAX_AHEAD_MS) return 'is more than a day in the future';
  return null;
}
