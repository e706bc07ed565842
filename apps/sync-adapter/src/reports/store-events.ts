import { BotEvent, isReservedEventType, type BatchResult } from '@trawling/contracts';
import type { EventRow } from '@trawling/database';
import { type SavedRows } from '../writes/save-rows.js';
import { parseItems, verdictOf, type ParsedItems } from './parse-items.js';
import { absurdTime } from './storable.js';

export interface StoreEventsDeps {
  /** Resolves after the commit. */
  saveEvents: (botId: string, events: readonly EventRow[]) => Promise<SavedRows>;
  now: () => Date;
}

/** Bytes of JSON that one event may carry beside its message. */
const MAX_DATA_BYTES = 32_768;

/** Appends events by their ids: sending one again is a duplicate, not a second event. */
export async function storeEvents(deps: StoreEventsDeps, input: { botId: string; items: readonly unknown[] }): Promise<BatchResult> {
  const now = deps.now();
  const parsed = parseItems(BotEvent, input.items, (event) => {
    const absurd = absurdTime(event.timestamp, now);
    if (absurd) return `timestamp: ${absurd}`;
    if (isReservedEventType(event.type)) return `type: ${event.type} is not a bot's to report`;
    const bytes = Buffer.byteLength(JSON.stringify(event.data));
    return bytes > MAX_DATA_BYTES ? `data: ${bytes} bytes are more than ${MAX_DATA_BYTES}` : null;
  });
  return saveParsedEvents(deps, input.botId, {
    ...parsed,
    items: parsed.items.map(({ id, type, severity, message, data, timestamp }) => ({
      id, type, severity, message, data: JSON.stringify(data), timestamp: new Date(timestamp), source: 'bot',
    })),
  });
}

/** The verdict on what was parsed, given after the commit. */
export async function saveParsedEvents(
  deps: Pick<StoreEventsDeps, 'saveEvents'>,
  botId: string,
  parsed: ParsedItems<EventRow>,
): Promise<BatchResult> {
  return verdictOf(parsed, await deps.saveEvents(botId, parsed.items));
}
