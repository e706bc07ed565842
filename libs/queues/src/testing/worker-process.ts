import { startMachineWorker } from '../machine-worker.js';

/** Run as a process of its own by the spec that kills it: takes one job and never finishes it. */
async function main(): Promise<void> {
  await startMachineWorker({
    databaseUrl: process.env['DATABASE_URL'] ?? '',
    redisUrl: process.env['REDIS_URL'],
    concurrency: 1,
    handle: ({ botId }) => {
      process.stdout.write(`${botId}\n`);
      return new Promise(() => undefined);
    },
  });
}

void main();
