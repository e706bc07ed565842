import { BotEvent, type BatchResult } from '@trawling/contracts';
import type { EventRow } from '@trawling/database';
import { parseItems, type ParsedItems } from './parse-items.js';
import { absurdTime } from './storable.js';

export interface StoreEventsDeps {
  /** Answers how many were new; resolves after the commit. */
  saveEvents: (botId: string, events: readonly EventRow[]) => Promise<number>;
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
    const bytes = Buffer.byteLength(JSON.stringify(event.data));
    return bytes > MAX_DATA_BYTES ? `data: ${bytes} bytes are more than ${MAX_DATA_BYTES}` : null;
  });
  return saveParsedEvents(deps, input.botId, {
    rejected: parsed.rejected,
    items: parsed.items.map(({ id, type, severity, message, data, timestamp }) => ({
      id, type, severity, message, data, timestamp: new Date(timestamp),
    })),
  });
}

/** The verdict on what was parsed, given after the commit. */
export async function saveParsedEvents(
  deps: Pick<StoreEventsDeps, 'saveEvents'>,
  botId: string,
  parsed: ParsedItems<EventRow>,
): Promise<BatchResult> {
  const accepted = await deps.saveEvents(botId, parsed.items);
  return { accepted, duplicates: parsed.items.length - accepted, rejected: parsed.rejected };
}
