import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { stat } from 'node:fs/promises';
import { CapabilitiesView, INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus, Problem, ShortStatus } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { PublisherEnv } from '@trawling/status-publisher';
import axios from 'axios';
import { realHost } from '../host.js';
import { closeServer, listenOnLoopback, MAX_CONNECTIONS } from '../local/loopback-listener.js';
import { machinePaths } from '../machine/machine-paths.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openAgentInstance } from './agent-instance.js';
import { createAgentMetrics } from './agent-metrics.js';
import { DEFAULT_REGISTRATION } from './agent-registration.js';
import { type StatusOfBot } from './bot-status.js';
import { type Check } from './readiness.js';
import { openStatusServer, StatusAddress } from './status-server.js';

const folder = temporaryFolder();
const BOT_ID = '01939e7c-0000-7000-8000-000000000001';
const NOW = '2026-11-21T08:00:00.000Z';

const WELL: StatusOfBot = {
  agent_version: '0.1.0', openclaw_version: '2026.9.6', uptime_seconds: 12, applied_version: '7', applied_hash: null,
  health: { status: 'healthy', details: { gateway: 'ready' } }, gateway: { state: 'ready', restarts: 2 },
  spool: { pending: 5, dropped_metrics: 1, dropped_events: 0 },
  capabilities: ['jobs.run', 'strategy.trend', 'mode.paper'], capacity: { concurrent_tasks: 3, queue_length: 1 },
};

describe('the agent on loopback', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function setUp(over: { status?: Partial<StatusOfBot>; checks?: Record<string, Check>; port?: number } = {}) {
    const { logger } = createMemoryLogger();
    const clock = createFakeClock(NOW);
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await realHost.ensureDir(dir);
    const status = () => ({ ...WELL, ...over.status });
    const metrics = createAgentMetrics({ id: BOT_ID, generation: 3 });
    metrics.watch({ status, spoolBytes: () => 4096, streamIsUp: () => true, silentSeconds: () => 4.5 });
    const instance = openAgentInstance({
      spec: { bot_id: BOT_ID, generation: 3 }, version: '0.1.0', registration: DEFAULT_REGISTRATION, status,
      env: PublisherEnv.parse({}), registry: metrics.registry, clock, logger,
    });
    closing.push(() => instance.stop());
    const server = await openStatusServer({
      instance, registry: metrics.registry, host: realHost, path: paths.status, port: over.port ?? 0, logger,
      ready: async () => over.checks ?? { enrolled: { ok: true }, gateway: { ok: true } },
    });
    closing.push(server.close);
    const ask = (path: string, how: { headers?: Record<string, string>; method?: string } = {}) =>
      axios.request<unknown>({ url: `${server.url}${path}`, method: how.method ?? 'GET', headers: how.headers ?? {}, proxy: false, validateStatus: () => true });
    return { server, ask, metrics, instance, paths };
  }

  it('answers /status with the short form', async () => {
    const { ask } = await setUp();

    const { status, data, headers } = await ask('/status');

    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json');
    expect(ShortStatus.parse(data)).toEqual({ agent_name: 'bot-agent', status: 'Available', active_jobs: 1, timestamp: NOW });
  });

  it('answers /status with the whole payload when that is asked for, the same that its heartbeat says', async () => {
    const { ask } = await setUp();

    const { data, headers } = await ask('/status', { headers: { Accept: INSTANCE_STATUS_MEDIA_TYPE } });

    expect(headers['content-type']).toBe(INSTANCE_STATUS_MEDIA_TYPE);
    expect(InstanceStatus.parse(data)).toMatchObject({
      service_name: 'bot-agent', version: '0.1.0', capabilities: WELL.capabilities, capacity: WELL.capacity,
      health: { status: 'healthy', details: { gateway: 'ready', bot_id: BOT_ID, generation: 3, applied_version: '7' } },
    });
  });

  it.each([
    ['Busy', { capacity: { concurrent_tasks: 1, queue_length: 1 } }],
    ['Degraded', { health: { status: 'unhealthy' as const, details: {} } }],
  ])('says %s in one word', async (word, status) => {
    const { ask } = await setUp({ status });
    expect((await ask('/status')).data).toMatchObject({ status: word });
  });

  it('says Draining from the moment on that it was told to end', async () => {
    const { ask, instance } = await setUp();
    instance.drain();
    expect((await ask('/status')).data).toMatchObject({ status: 'Draining' });
  });

  it('describes at /capabilities what the registration names and what follows from the config', async () => {
    const { ask } = await setUp();

    const { capabilities } = CapabilitiesView.parse((await ask('/capabilities')).data);

    expect(capabilities.map(({ name }) => name)).toEqual(WELL.capabilities);
    expect(capabilities.every(({ name, description }) => description !== name)).toBe(true);
  });

  it('is alive while it answers', async () => {
    const { ask } = await setUp();
    expect(await ask('/healthz')).toMatchObject({ status: 200, data: { status: 'ok' } });
  });

  it('is ready when every check is good, and names them', async () => {
    const { ask } = await setUp();
    expect(await ask('/readyz')).toMatchObject({ status: 200, data: { status: 'ready', checks: { enrolled: { ok: true }, gateway: { ok: true } } } });
  });

  it('is not ready when one is not, and says which and why', async () => {
    const { ask } = await setUp({ checks: { enrolled: { ok: true }, spool: { ok: false, detail: 'the disk takes nothing' } } });

    const { status, data, headers } = await ask('/readyz');

    expect([status, headers['retry-after'], headers['content-type']]).toEqual([503, '5', 'application/problem+json']);
    expect(Problem.parse(data)).toMatchObject({ code: 'unavailable', detail: 'Not ready: spool', checks: { enrolled: { ok: true }, spool: { ok: false, detail: 'the disk takes nothing' } } });
  });

  it('counts for Prometheus what it did, and says what it sees', async () => {
    const { ask, metrics } = await setUp();
    metrics.heartbeat(true);
    metrics.heartbeat(true);
    metrics.heartbeat(false);
    metrics.outcome('failed');
    metrics.runEnded(true);

    const { data, headers } = await ask('/metrics');

    expect(headers['content-type']).toContain('text/plain');
    const lines = String(data).split('\n');
    for (const line of [
      'agent_heartbeats_total{result="answered"} 2', 'agent_heartbeats_total{result="failed"} 1',
      'agent_applies_total{outcome="applied"} 0', 'agent_applies_total{outcome="failed"} 1', 'agent_job_runs_total{result="ok"} 1',
      'agent_spool_items 5', 'agent_spool_bytes 4096', 'agent_dropped_reports 1', 'agent_stream_up 1', 'agent_last_contact_seconds 4.5',
      'agent_gateway_ready 1', 'agent_gateway_restarts 2', 'agent_jobs_running 1', 'agent_jobs_limit 3', 'agent_applied_version 7',
      `agent_info{bot_id="${BOT_ID}",generation="3",agent_version="0.1.0",openclaw_version="2026.9.6"} 1`,
    ]) expect(lines).toContain(line);
  });

  it('answers HEAD like GET, without a body', async () => {
    const { ask } = await setUp();
    expect(await ask('/status', { method: 'HEAD' })).toMatchObject({ status: 200, data: '' });
  });

  it.each(['POST', 'PUT', 'DELETE'])('changes nothing: %s is 405 with what is allowed', async (method) => {
    const { ask } = await setUp();

    const { status, data, headers } = await ask('/status', { method });

    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD']);
    expect(Problem.parse(data).code).toBe('method-not-allowed');
  });

  it.each(['/', '/nothing', '/status/', '/toString', '/reports'])('knows nothing at %s', async (path) => {
    const { ask } = await setUp();
    expect(await ask(path)).toMatchObject({ status: 404, data: { code: 'not-found' } });
  });

  it.each(['localhost', 'localhost:9', '127.0.0.1:18780', '[::1]:1'])('answers by this machine’s own name %s, whatever the port: an ssh tunnel begins at another one', async (Host) => {
    const { ask } = await setUp();
    expect((await ask('/status', { headers: { Host } })).status).toBe(200);
  });

  it.each(['evil.example', 'evil.example:18780', '127.0.0.1.evil.example', 'localhost.evil.example', '127.0.0.1@evil.example'])(
    'answers nothing to a page whose own name %s was made to mean this machine', async (Host) => {
      const { ask } = await setUp();
      for (const path of ['/status', '/metrics', '/nothing']) {
        expect(await ask(path, { headers: { Host } })).toMatchObject({ status: 400, data: { code: 'invalid-request', issues: [{ path: 'headers.host' }] } });
      }
    },
  );

  it('tells its address in a file beside machine.json and keeps it over restarts', async () => {
    const first = await setUp();
    const address = StatusAddress.parse(JSON.parse((await realHost.readText(first.paths.status)) ?? ''));
    for (const close of closing.splice(0).reverse()) await close();

    const second = await setUp();

    expect(address).toEqual({ url: first.server.url });
    expect(second.server.url).toBe(first.server.url);
    expect((await stat(first.paths.status)).mode & 0o777).toBe(0o600);
  });

  it('takes no more connections than it has use for, and answers again when they are gone', async () => {
    const { ask, server } = await setUp();
    const { port } = new URL(server.url);
    const idle = Array.from({ length: MAX_CONNECTIONS }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));

    await expect(ask('/healthz')).rejects.toThrow();
    for (const socket of idle) socket.destroy();

    await until(async () => (await ask('/healthz').catch(() => null))?.status === 200);
  });

  it('listens on the port it is given, or on another one when somebody has that', async () => {
    const taken = createServer();
    const port = await listenOnLoopback(taken, 0, createMemoryLogger().logger);
    closing.push(() => closeServer(taken));

    const other = await setUp({ port });

    expect(other.server.url).not.toBe(`http://127.0.0.1:${port}`);
    expect(StatusAddress.parse(JSON.parse((await realHost.readText(other.paths.status)) ?? '')).url).toBe(other.server.url);
  });
});

describe('an agent that is to publish its status', () => {
  it('says once and loudly that it cannot without a key, and runs', async () => {
    const { logger, lines } = createMemoryLogger();
    const instance = openAgentInstance({
      spec: { bot_id: BOT_ID, generation: 1 }, version: '0.1.0', registration: DEFAULT_REGISTRATION, status: () => WELL,
      env: PublisherEnv.parse({ OPENCLAW_BASE_URL: 'https://openclaw.example.com' }), registry: createAgentMetrics({ id: BOT_ID, generation: 1 }).registry,
      clock: createFakeClock(), logger,
    });

    expect(lines().filter((line) => JSON.stringify(line).includes('OPENCLAW_API_KEY'))).toHaveLength(1);
    await instance.stop();
  });
});
