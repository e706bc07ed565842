import { readdir } from 'node:fs/promises';
import { type Database, openDatabase } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { openMachineQueue, type MachineQueue } from '@trawling/queues';
import { startRedisServer, whyNoRedis, type RedisServer } from '@trawling/queues/testing';
import { until } from '@trawling/runtime/testing';
import { heartbeat, insertBot, machineRows, requestDecommission, setUpInstallation } from './testing/bots-in-database.js';
import { buildSupervisor } from './testing/build-supervisor.js';
import { fakeAgent } from './testing/fake-programs.js';
import { openLocalBed, type LocalBed } from './testing/local-bed.js';
import { buildProvisioner, startProvisioner, writeFakeRuntime, type ProvisionerProcess } from './testing/provisioner-process.js';

/** Killed provisioners hold their lease and their job for up to 15 s. */
const PATIENCE = { timeoutMs: 45_000 };

beforeAll(() => buildProvisioner(), 60_000);

describe('provisioners with the queue on Postgres', () => behaves(async () => ({ redis: null })));

const noRedis = whyNoRedis();
(noRedis ? describe.skip : describe)(`provisioners with the queue on Redis${noRedis ? ` (${noRedis})` : ''}`, () =>
  behaves(async () => ({ redis: await startRedisServer() })));

function behaves(openBackend: () => Promise<{ redis: RedisServer | null }>): void {
  let testDatabase: TestDatabase;
  let database: Database;
  let redis: RedisServer | null;
  let queue: MachineQueue;
  let supervisor: Awaited<ReturnType<typeof buildSupervisor>>;
  let bed: LocalBed;
  let env: Record<string, string>;
  let running: ProvisionerProcess[];

  const start = async (): Promise<ProvisionerProcess> => {
    const provisioner = await startProvisioner(env);
    running.push(provisioner);
    return provisioner;
  };
  const newBot = () => insertBot(database, fakeAgent.sha256);
  const machineOf = (botId: string) => bed.machine({ botId, generation: 1 });
  const stateOf = async (botId: string) => (await machineRows(database, botId))[0]?.state;
  const untilState = (botId: string, state: string) => until(async () => (await stateOf(botId)) === state, PATIENCE);
  const machineFolders = async () => (await readdir(bed.machinesDir)).filter((name) => !name.startsWith('.'));

  beforeAll(async () => {
    ({ redis } = await openBackend());
    supervisor = await buildSupervisor();
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url });
    const urls = { redisUrl: redis?.url, databaseUrl: testDatabase.url };
    queue = openMachineQueue(urls);
  });
  afterAll(async () => {
    await queue.close();
    await database.close();
    await testDatabase.close();
    await supervisor.remove();
    await redis?.close();
  });
  beforeEach(async () => {
    await database.pool.query('TRUNCATE installation, bot CASCADE');
    const { id } = await setUpInstallation(database, redis ? 'redis' : 'postgres');
    bed = await openLocalBed({ supervisorFile: supervisor.file, portBase: 21_800, installationId: id });
    const { cacheDir, manifestDir } = writeFakeRuntime(bed.root);
    running = [];
    env = {
      DATABASE_URL: testDatabase.roleUrl('trawling_provisioner'),
      ...(redis ? { REDIS_URL: redis.url } : {}),
      LOCAL_MACHINES_DIR: bed.machinesDir,
      OPENCLAW_RUNTIME_DIR: cacheDir,
      OPENCLAW_MANIFEST_DIR: manifestDir,
      SYNC_ADAPTER_URL: bed.agentServer.url,
      GATEWAY_PORT_BASE: '21800',
      SWEEP_SECONDS: '0.5',
    };
  });
  afterEach(async () => {
    await Promise.all(running.map((provisioner) => provisioner.end('SIGKILL')));
    await bed.close();
  });

  it('make one machine per bot when two of them look at once, whatever is asked how often', async () => {
    await Promise.all([start(), start()]);
    const bots = await Promise.all([newBot(), newBot(), newBot()]);

    await Promise.all([...bots, ...bots].map((botId) => queue.enqueue({ botId })));

    await Promise.all(bots.map((botId) => untilState(botId, 'booting')));
    await Promise.all(bots.map((botId) => machineOf(botId).up()));
    expect(await machineFolders()).toHaveLength(3);
    for (const botId of bots) {
      expect(machineOf(botId).starts('gateway')).toHaveLength(1);
      expect(await machineOf(botId).pids('supervisor')).toHaveLength(1);
    }
  }, 60_000);

  it('go on where one was killed with -9 in the middle, with one machine in the end', async () => {
    const botId = await newBot();
    for (const delayMs of [0, 30, 100]) {
      const provisioner = await start();
      await until(async () => (await stateOf(botId)) !== 'wanted', PATIENCE);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await provisioner.end('SIGKILL');
    }
    await start();

    await untilState(botId, 'booting');
    await machineOf(botId).up();
    expect(await machineFolders()).toHaveLength(1);
    expect(machineOf(botId).starts('gateway')).toHaveLength(1);
    await heartbeat(database, botId);
    await untilState(botId, 'online');
  }, 90_000);

  it('leave the machines running when they stop, and the next one adopts them', async () => {
    const first = await start();
    const botId = await newBot();
    await queue.enqueue({ botId });
    const before = await machineOf(botId).up();

    expect(await first.end('SIGTERM')).toBe(0);

    expect(await machineOf(botId).pids('gateway')).toEqual([before.gateway.process?.pid]);
    await heartbeat(database, botId);
    await start();
    await untilState(botId, 'online');
    expect(machineOf(botId).starts('gateway')).toHaveLength(1);
  }, 60_000);

  it('start the supervisor of a machine again when it was killed, without being asked', async () => {
    await start();
    const botId = await newBot();
    const before = await machineOf(botId).up();
    await heartbeat(database, botId);
    await untilState(botId, 'online');

    process.kill(before.process.pid, 'SIGKILL');

    const after = await machineOf(botId).waitFor((now) => now.process.pid !== before.process.pid && now.gateway.state === 'running');
    expect(after.gateway.process).toEqual(before.gateway.process);
    await untilState(botId, 'online');
  }, 60_000);

  it('destroy the machine of a decommissioned bot and say so when nothing is left', async () => {
    await start();
    const botId = await newBot();
    await machineOf(botId).up();

    await requestDecommission(database, botId);
    await queue.enqueue({ botId });

    await untilState(botId, 'gone');
    expect(await machineOf(botId).pids()).toEqual([]);
    expect(await machineFolders()).toEqual([]);
    const decommissioned = async () => {
      const { rows } = await database.pool.query('SELECT 1 FROM bot WHERE id = $1 AND decommissioned_at IS NOT NULL', [botId]);
      return rows.length === 1;
    };
    await until(decommissioned, PATIENCE);
  }, 60_000);
}
