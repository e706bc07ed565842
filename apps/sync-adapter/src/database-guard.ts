import { DomainError } from '@trawling/contracts';
import { isDatabaseAway } from '@trawling/database';
import { type Logger } from '@trawling/runtime';

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
