import { Capacity, JsonObject, type JsonValue } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';
import { type Probes } from './instance.js';

export type Probed = { capacity: { concurrentTasks: number; queueLength: number }; impairedBy: string | null; details: JsonObject };

const LONGEST_REASON = 200;
const MAX_DETAILS_BYTES = 4_096;

/**
 * Asks the probes. One that throws or gives nonsense makes the service impaired and is reported once: it must not keep a
 * status from being made. Numbers stay what they were last.
 */
export function readProbes(probes: Probes, logger: Pick<Logger, 'warn'>): () => Probed {
  let last: Probed['capacity'] = { concurrentTasks: 0, queueLength: 0 };
  let complained = false;

  return () => {
    try {
      const { concurrent_tasks, queue_length } = Capacity.parse({ concurrent_tasks: probes.concurrentTasks(), queue_length: probes.queueLength() });
      last = { concurrentTasks: concurrent_tasks, queueLength: queue_length };
      const details = storableObject(JsonObject.parse(probes.details?.() ?? {}));
      if (Buffer.byteLength(JSON.stringify(details)) > MAX_DETAILS_BYTES) throw new Error(`details of more than ${MAX_DETAILS_BYTES} bytes`);
      const reason = probes.impairedBy?.() ?? null;
      const impairedBy = reason === null ? null : storableText(reason.slice(0, LONGEST_REASON));
      complained = false;
      return { capacity: last, impairedBy, details };
    } catch (error) {
      if (!complained) logger.warn({ err: error }, 'a status probe of this service failed');
      complained = true;
      return { capacity: last, impairedBy: 'a status probe failed', details: {} };
    }
  };
}

/** A receiver refuses a status as a whole for a NUL or half of a surrogate pair in it; an error's message may have both. */
const storableText = (text: string): string => text.replaceAll('\0', '').replaceAll(/\p{Surrogate}/gu, '\uFFFD');

const storableObject = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).map(([name, value]) => [storableText(name), storable(value)]));

function storable(value: JsonValue): JsonValue {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(storable);
  return typeof value === 'object' && value !== null ? storableObject(value) : value;
}
