import { randomUUID } from 'node:crypto';
import { createPostgresBackend, Queue, type JobsOptions } from 'bullmq';
import { postgresConnection, redisProducer } from './connections.js';
import { type QueueUrls } from './queue-backend.js';

/** Jobs that say "look at this bot's machine again". They carry the id and nothing else. */
export type MachineJob = { botId: string };

export const machineQueueName = 'machines';

export type MachineQueue = {
  /**
   * Asks for one more look at the bot's machine. Waiting requests for the same bot become one; one that arrives
   * while the bot is being looked at leads to another look after. Rejects within seconds when the queue is away.
   * `inTurn` is for a look that will wait for the provider's limits: all others go before it.
   */
  enqueue: (job: MachineJob, options?: { inTurn?: boolean }) => Promise<void>;
  /** For readiness: rejects within seconds when the queue is away. */
  ping: () => Promise<void>;
  /** Looks that are asked for and not begun, those that wait for their next attempt included. Rejects as `ping`. */
  waiting: () => Promise<number>;
  close: () => Promise<void>;
};

type Logger = { warn: (details: object, message: string) => void };

const enqueueMs = 3_000;
const IN_TURN = 10;

/** Opens the producing side of the queue `machines`; does not wait for the backend to answer. */
export function openMachineQueue({ logger, ...urls }: QueueUrls & { logger?: Logger }): MachineQueue {
  const queue = openQueue(urls);
  queue.on('error', (error) => logger?.warn({ err: error }, 'the machine queue is not reachable'));

  return {
    enqueue: async ({ botId }, { inTurn = false } = {}) => {
      await within(
        enqueueMs,
        queue.add('reconcile', { botId }, {
          // An id of our own: for its own, BullMQ on Postgres makes a sequence, for which the apps' roles have no right.
          jobId: `bot-${botId}-${randomUUID()}`,
          deduplication: {
            // One that is asked for now is not the same as one that waits for its turn.
            id: inTurn ? `bot-${botId}-in-turn` : `bot-${botId}`,
            // The job that is being worked on may already have read what changed: keep one more for after it.
            keepLastIfActive: true,
            // A job that waits for its next attempt runs now: something new has happened.
            reschedule: true,
          },
          // Without a priority a job goes before all that have one.
          ...(inTurn && { priority: IN_TURN }),
          attempts: 5,
          backoff: { type: 'exponential', delay: 1_000 },
          // Gone when finished, so that its id never stands in the way of the next one. The sweep repeats what failed.
          removeOnComplete: true,
          removeOnFail: true,
        }),
      );
    },
    ping: async () => {
      await within(enqueueMs, queue.count());
    },
    waiting: () => within(enqueueMs, queue.count()),
    close: () => queue.close(),
  };
}

/** What both backends' queues have in common; their own types differ in the backend. */
type Producer = {
  add: (name: string, job: MachineJob, options: JobsOptions) => Promise<unknown>;
  count: () => Promise<number>;
  on: (event: 'error', listener: (error: Error) => void) => unknown;
  close: () => Promise<void>;
};

function openQueue(urls: QueueUrls): Producer {
  if (urls.redisUrl) return new Queue(machineQueueName, { connection: redisProducer(urls.redisUrl) });
  return new Queue(machineQueueName, { connection: postgresConnection(urls, 2) }, createPostgresBackend);
}

/** BullMQ waits for a connection without limit; a caller with a request to answer does not. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the queue did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
