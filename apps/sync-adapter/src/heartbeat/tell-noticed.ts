import type { EventRow } from '@trawling/database';
import { type Logger } from '@trawling/runtime';
import { type SavedRows } from '../writes/save-rows.js';
import { noticedEvent, type Noticed } from './noticed-events.js';

export type TellNoticed = (botId: string, noticed: Noticed) => Promise<void>;

/** Ids remembered, so that what is noticed with every heartbeat is not written with every heartbeat. */
const MAX_TOLD = 10_000;

/** Stores events of the server's own. Never rejects: the heartbeat they were noticed in is stored, the next one tells again. */
export function createTellNoticed(deps: {
  saveEvents: (botId: string, events: readonly EventRow[]) => Promise<SavedRows>;
  now: () => Date;
  logger: Logger;
}): TellNoticed {
  const told = new Set<string>();
  return async (botId, noticed) => {
    const event = noticedEvent(botId, noticed, deps.now());
    if (told.has(event.id)) return;
    deps.logger.warn({ bot_id: botId, noticed }, 'noticed in a heartbeat');
    try {
      await deps.saveEvents(botId, [event]);
    } catch (error) {
      deps.logger.warn({ err: error, bot_id: botId }, 'what was noticed could not be stored yet');
      return;
    }
    told.add(event.id);
    for (const oldest of told) {
      if (told.size <= MAX_TOLD) break;
      told.delete(oldest);
    }
  };
}
