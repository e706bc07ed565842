import { createPostgresBackend, Worker } from 'bullmq';
import { postgresConnection, redisWorker } from './connections.js';
import { machineQueueName, type MachineJob } from './machine-queue.js';
import { type QueueUrls } from './queue-backend.js';

export type MachineWorker = {
  /** Whether it still asks for jobs. */
  isRunning: () => boolean;
  /** Takes no more jobs and waits for those at work. */
  close: () => Promise<void>;
};

export type MachineWorkerOptions = QueueUrls & {
  /** One look at one machine. Never runs twice at a time for the same bot, unless a worker lost its lock. */
  handle: (job: MachineJob) => Promise<void>;
  concurrency: number;
  logger?: { warn: (details: object, message: string) => void };
};

/**
 * A worker killed in the middle of a job leaves it locked for up to `lockMs`; others look for such jobs every
 * `stalledCheckMs` and want to see one twice. So it is picked up again within lockMs + 2 * stalledCheckMs = 12 s.
 */
const lockMs = 6_000;
const stalledCheckMs = 3_000;

/** Works on the queue `machines` until closed; resolves when connected. */
export async function startMachineWorker({ handle, concurrency, logger, ...urls }: MachineWorkerOptions): Promise<MachineWorker> {
  const look = ({ data }: { data: MachineJob }) => handle({ botId: data.botId });
  const worker = openWorker(urls, concurrency, look);
  worker.on('error', (error) => logger?.warn({ err: error }, 'the machine worker has trouble with its queue'));
  worker.on('failed', (job, error) => logger?.warn({ err: error, bot_id: job?.data.botId, attempt: job?.attemptsMade }, 'a look at a machine failed'));
  worker.on('stalled', (jobId) => logger?.warn({ job_id: jobId }, 'a worker died at work; its job runs again'));
  try {
    await worker.waitUntilReady();
  } catch (error) {
    await worker.close(true);
    throw error;
  }
  return { isRunning: () => worker.isRunning(), close: () => worker.close() };
}

/** What both backends' workers have in common. */
type JobWorker = {
  on: {
    (event: 'error', listener: (error: Error) => void): unknown;
    (event: 'failed', listener: (job: { data: MachineJob; attemptsMade: number } | undefined, error: Error) => void): unknown;
    (event: 'stalled', listener: (jobId: string) => void): unknown;
  };
  waitUntilReady: () => Promise<unknown>;
  isRunning: () => boolean;
  close: (force?: boolean) => Promise<void>;
};

function openWorker(urls: QueueUrls, concurrency: number, look: (job: { data: MachineJob }) => Promise<void>): JobWorker {
  const options = {
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledCheckMs,
    // A look is harmless to repeat: the job of a worker that keeps dying is not given up.
    maxStalledCount: 1_000_000,
  };
  if (urls.redisUrl) return new Worker(machineQueueName, look, { ...options, connection: redisWorker(urls.redisUrl) });
  const connection = postgresConnection(urls, Math.min(concurrency, 4) + 1);
  return new Worker(machineQueueName, look, { ...options, connection }, createPostgresBackend);
}
