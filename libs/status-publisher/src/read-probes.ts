import { Capacity, JsonObject } from '@trawling/contracts';
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
      const details = JsonObject.parse(probes.details?.() ?? {});
      if (JSON.stringify(details).length > MAX_DETAILS_BYTES) throw new Error(`details of more than ${MAX_DETAILS_BYTES} characters`);
      const impairedBy = probes.impairedBy?.()?.slice(0, LONGEST_REASON) ?? null;
      complained = false;
      return { capacity: last, impairedBy, details };
    } catch (error) {
      if (!complained) logger.warn({ err: error }, 'a status probe of this service failed');
      complained = true;
      return { capacity: last, impairedBy: 'a status probe failed', details: {} };
    }
  };
}
