import { CapabilitiesView, INSTANCE_STATUS_MEDIA_TYPE, InstanceDetail, InstanceList, InstanceStatus } from '@trawling/contracts';
import { openStatusReceiver } from '@trawling/http/testing';
import { createLogger, parseEnv } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { compose } from './compose.js';
import { Env } from './env.js';
import { makeBot } from './testing/bots.js';
import { openCuttableProxy } from './testing/cuttable-proxy.js';
import { registrationFile, useControlPlane } from './testing/open-test-control-plane.js';

const logger = createLogger({ name: 'control-plane', level: 'silent' });
const PATIENCE = { timeoutMs: 30_000 };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

describe('the status of a control plane', () => {
  /** Sets up the database, and looks at it when the one that is tested is gone. */
  const controlPlane = useControlPlane();
  const closers: (() => Promise<unknown>)[] = [];
  const opened = <T extends { close: () => Promise<unknown> }>(thing: T): T => {
    closers.unshift(thing.close);
    return thing;
  };
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const start = async (more: Record<string, string> = {}) => {
    const { controlPlaneUrl, masterKeys } = controlPlane();
    const env = parseEnv(Env, { DATABASE_URL: controlPlaneUrl, MASTER_KEYS: masterKeys, PORT: '0', INTERNAL_PORT: '0', ...more });
    const { value, stop } = await compose(env, { logger, version: '0.0.0', registrationFile });
    return { ...value, ...opened({ close: stop }) };
  };
  const get = (url: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url, { headers });
  const whole = async (url: string): Promise<InstanceStatus> => InstanceStatus.parse(await (await get(`${url}/status`, { Accept: INSTANCE_STATUS_MEDIA_TYPE })).json());

  it('is on both listeners, short by default, with what it can do beside it', async () => {
    const { url, internalUrl } = await start();

    for (const base of [url, internalUrl]) {
      expect(await (await get(`${base}/status`)).json()).toEqual({ agent_name: 'control-plane', status: 'Available', active_jobs: 0, timestamp: expect.any(String) });
      expect(CapabilitiesView.parse(await (await get(`${base}/capabilities`)).json()).capabilities.map(({ name }) => name))
        .toEqual(['bots.manage', 'config.sign', 'enrollments.decide', 'instances.directory']);
      expect((await get(`${base}/readyz`)).status).toBe(200);
    }
    expect(await whole(url)).toMatchObject({ service_name: 'control-plane', capacity: { concurrent_tasks: 10, queue_length: 0 }, health: { status: 'healthy' } });
  });

  it('shows Prometheus requests, what waits to be decided and which check passes, on the internal listener only', async () => {
    const { url, internalUrl } = await start();
    const { key } = await controlPlane().makeKey('admin');
    await makeBot(await controlPlane().as('operator'), { owner_id: 'alice' });
    expect((await get(`${url}/bots`, { Authorization: `Bearer ${key}` })).status).toBe(200);

    const metrics = async () => (await get(`${internalUrl}/metrics`)).text();
    await until(async () => (await metrics()).includes('http_requests_total{method="GET",route="/bots",status="200"} 1'));

    expect(await metrics()).toMatch(/decisions_waiting\{what="enrollment"\} 0[\s\S]*decisions_waiting\{what="rotation"\} 0[\s\S]*\nenrollments_outstanding \d/);
    expect(await metrics()).toContain('ready{check="database"} 1');
    expect((await get(`${url}/metrics`)).status).toBe(404);
    expect((await whole(internalUrl)).health.details['last_task_success_seconds']).not.toBeNull();
  });

  it('is degraded, and not ready, while Postgres is away, says so without a word about the inside, and heals', async () => {
    const { hostname, port } = new URL(controlPlane().controlPlaneUrl);
    const line = opened(await openCuttableProxy({ host: hostname, port: Number(port) }));
    const receiver = opened(await openStatusReceiver());
    const routed = Object.assign(new URL(controlPlane().controlPlaneUrl), { host: `127.0.0.1:${line.port}` }).href;
    const { internalUrl } = await start({ DATABASE_URL: routed, OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: 'key' });
    await until(() => receiver.told().at(-1) === 'healthy');

    line.cut();
    await until(() => receiver.told().at(-1) === 'degraded', PATIENCE);
    const ready = await (await get(`${internalUrl}/readyz`)).text();
    const status = await whole(internalUrl);
    line.mend();

    expect(JSON.parse(ready)).toMatchObject({ status: 503, code: 'unavailable', checks: { database: { ok: false } } });
    expect(status.health.details).toMatchObject({ degraded_because: [expect.stringContaining('database')] });
    expect(ready + JSON.stringify(status)).not.toMatch(/postgres|trawling_control_plane|127\.0\.0\.1/);
    await until(async () => (await get(`${internalUrl}/readyz`)).status === 200, PATIENCE);
    await until(() => receiver.told().at(-1) === 'healthy', PATIENCE);
  }, 90_000);

  it('is published to itself, its last words included: said while it still listens', async () => {
    const port = await freePort();
    const { key } = await controlPlane().makeKey('publisher');
    const viewer = await controlPlane().as('viewer');
    const listed = async () => InstanceList.parse((await viewer.get('/openclaw/instances?service=control-plane')).body).instances;
    const { close } = await start({ PORT: String(port), OPENCLAW_BASE_URL: `http://127.0.0.1:${port}`, OPENCLAW_API_KEY: key });
    await until(async () => (await listed()).some(({ status }) => status === 'healthy'), PATIENCE);
    const [{ instance_id: id } = { instance_id: 'none' }] = await listed();

    await close();

    const { status, history } = InstanceDetail.parse((await viewer.get(`/openclaw/instances/${id}`)).body);
    expect(status).toBe('offline');
    expect(history.map(({ to, reason }) => [to, reason])).toEqual([['offline', 'published'], ['draining', 'published'], ['healthy', 'published']]);
  }, 60_000);
});
