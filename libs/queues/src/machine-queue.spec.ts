import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from '@trawling/runtime/testing';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { openMachineQueue, type MachineQueue } from './machine-queue.js';
import { startMachineWorker, type MachineWorker } from './machine-worker.js';
import { type QueueUrls } from './queue-backend.js';
import { startRedisServer, whyNoRedis, type RedisServer } from './testing/index.js';

describe('the machine queue on Postgres', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  behavesAsMachineQueue(() => ({
    producer: { databaseUrl: database.roleUrl('trawling_control_plane') },
    worker: { databaseUrl: database.roleUrl('trawling_provisioner') },
    cutConnections: async () => {
      const admin = new Client({ connectionString: database.url });
      await admin.connect();
      await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');
      await admin.end();
    },
  }));

  it('is closed to the process that faces the internet', async () => {
    const queue = openMachineQueue({ databaseUrl: database.roleUrl('trawling_sync_adapter') });

    await expect(queue.enqueue({ botId: 'bot-x' })).rejects.toThrow(/permission denied/);

    await queue.close();
  });
});

const noRedis = whyNoRedis();
(noRedis ? describe.skip : describe)(`the machine queue on Redis${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await startRedisServer();
  });
  afterAll(() => redis.close());

  behavesAsMachineQueue(() => {
    const urls = { redisUrl: redis.url, databaseUrl: 'postgresql://nobody@127.0.0.1:1/none' };
    return { producer: urls, worker: urls, cutConnections: () => redis.cutConnections() };
  });
});

describe('a producer whose queue is away', () => {
  it.each([
    { backend: 'Redis', redisUrl: 'redis://127.0.0.1:1' },
    { backend: 'Postgres', redisUrl: undefined },
  ])('says so instead of waiting for it ($backend)', async ({ redisUrl }) => {
    const queue = openMachineQueue({ redisUrl, databaseUrl: 'postgresql://nobody@127.0.0.1:1/none' });

    await expect(queue.enqueue({ botId: 'bot-1' })).rejects.toThrow();

    await queue.close();
  });
});

function behavesAsMachineQueue(urls: () => { producer: QueueUrls; worker: QueueUrls; cutConnections: () => Promise<void> }): void {
  let queue: MachineQueue;
  let worker: MachineWorker | undefined;
  let looked: string[];
  let doomed: ChildProcess | undefined;

  beforeEach(() => {
    looked = [];
    queue = openMachineQueue(urls().producer);
  });
  afterEach(async () => {
    await worker?.close();
    worker = undefined;
    doomed?.kill('SIGKILL');
    doomed = undefined;
    await queue.close();
  });

  const work = async (handle: (botId: string) => Promise<void> = async () => undefined, concurrency = 4): Promise<void> => {
    worker = await startMachineWorker({
      ...urls().worker,
      concurrency,
      handle: async ({ botId }) => {
        looked.push(botId);
        await handle(botId);
      },
    });
  };

  it('hands each bot to a worker', async () => {
    await work();

    await Promise.all([queue.enqueue({ botId: 'a' }), queue.enqueue({ botId: 'b' })]);

    await until(() => looked.length === 2);
    expect(looked.toSorted()).toEqual(['a', 'b']);
  });

  it('makes one look out of many waiting requests for the same bot', async () => {
    for (let times = 0; times < 5; times++) await queue.enqueue({ botId: 'same' });
    await queue.enqueue({ botId: 'last' });

    await work(undefined, 1);

    await until(() => looked.includes('last'));
    expect(looked).toEqual(['same', 'last']);
  });

  it('looks at what waits for its turn after everything else, also at a bot that is asked for both ways', async () => {
    for (const botId of ['crowd-1', 'crowd-2', 'both']) await queue.enqueue({ botId }, { inTurn: true });
    for (const botId of ['now', 'both']) await queue.enqueue({ botId });

    await work(undefined, 1);

    await until(() => looked.length === 5);
    expect(looked).toEqual(['now', 'both', 'crowd-1', 'crowd-2', 'both']);
  });

  it('looks again after the current look when it is asked meanwhile, and never twice at once', async () => {
    const started = deferred();
    const mayEnd = deferred();
    let atOnce = 0;
    let most = 0;
    await work(async () => {
      most = Math.max(most, ++atOnce);
      started.resolve();
      await mayEnd.promise;
      atOnce -= 1;
    });
    await queue.enqueue({ botId: 'busy' });
    await started.promise;

    for (let times = 0; times < 3; times++) await queue.enqueue({ botId: 'busy' });
    mayEnd.resolve();

    await until(() => looked.length === 2);
    await queue.enqueue({ botId: 'other' });
    await until(() => looked.includes('other'));
    expect(looked).toEqual(['busy', 'busy', 'other']);
    expect(most).toBe(1);
  });

  it('takes the same bot again and again', async () => {
    await work();

    for (let times = 1; times <= 3; times++) {
      await queue.enqueue({ botId: 'again' });
      await until(() => looked.length === times);
    }
  });

  it('tries again after a failed look, at once when something new has happened', async () => {
    let failures = 2;
    await work(async () => {
      if (failures-- > 0) throw new Error('cloud away');
    });

    await queue.enqueue({ botId: 'flaky' });
    await until(() => looked.length === 1);
    await until(async () => {
      await queue.enqueue({ botId: 'flaky' });
      return looked.length >= 3;
    }, { timeoutMs: 900, intervalMs: 50 });
  });

  it('goes on after every connection was cut', async () => {
    await work();
    await queue.enqueue({ botId: 'before' });
    await until(() => looked.includes('before'));

    await urls().cutConnections();

    await until(() => queue.enqueue({ botId: 'after' }).then(() => true), { timeoutMs: 10_000 });
    await until(() => looked.includes('after'), { timeoutMs: 10_000 });
  });

  it('picks up what a killed worker was doing', async () => {
    doomed = startWorkerProcess(urls().worker);
    await queue.enqueue({ botId: 'orphan' });
    await once(doomed.stdout ?? doomed, 'data');
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');

    await work();

    // Its claim runs out after seconds. A job of a test before, whose connection was cut, may come as well.
    await until(() => looked.includes('orphan'), { timeoutMs: 45_000 });
    expect(looked.filter((botId) => botId === 'orphan')).toEqual(['orphan']);
  }, 60_000);
}

/** The worker as the provisioner runs it, in a process that can be killed. */
function startWorkerProcess(urls: QueueUrls): ChildProcess {
  const root = join(__dirname, '../../..');
  const file = join(__dirname, '../dist/worker-process.js');
  const bundle = `import { build } from 'esbuild';
    await build({ entryPoints: [${JSON.stringify(join(__dirname, 'testing/worker-process.ts'))}], outfile: ${JSON.stringify(file)},
      bundle: true, platform: 'node', format: 'cjs', packages: 'external' });`;
  execFileSync(process.execPath, ['--input-type=module', '-e', bundle], { cwd: root });
  const env = { ...process.env, DATABASE_URL: urls.databaseUrl, ...(urls.redisUrl ? { REDIS_URL: urls.redisUrl } : {}) };
  return spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}
