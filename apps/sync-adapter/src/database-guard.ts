import { DomainError } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';

/** SQLSTATE classes that say "not now": connection, resources, operator intervention; and Node's own socket errors. */
const NOT_NOW = /^(?:08|53|57P)|^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P1\d{3}|P2024|P2028)$/;
/** pg gives these without a code. */
const NOT_NOW_MESSAGE = /timeout exceeded when trying to connect|connection terminated|client has encountered a connection error/i;

/** Whether the database may be able to do it a moment later. The outcome of what was asked is then unknown. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && NOT_NOW.test(error.code)) return true;
  return NOT_NOW_MESSAGE.test(error.message) || isDatabaseAway(error.cause);
}

/** Runs `ask`; a database that is away becomes `unavailable` (503): the bot keeps what it has and asks again. */
export async function guarded<T>(logger: Logger, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    logger.warn({ err: error }, 'the database is away');
    throw new DomainError('unavailable', 'The database is not reachable: try again.');
  }
}
