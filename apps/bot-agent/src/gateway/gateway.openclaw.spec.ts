import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { type RealGateway, startRealGateway } from '../testing/real-gateway.js';
import { type EventFrame } from './frames.js';
import { createGatewayApi, type GatewayApi } from './gateway-api.js';
import { createGatewayClient, type GatewayClient } from './gateway-client.js';
import { GatewayError, type GatewayFailure } from './gateway-error.js';
import { isGatewayReady } from './readyz.js';

jest.setTimeout(240_000);
/** The first of these specs may have to install OpenClaw. */
const FIRST_START_MS = 1_200_000;

const failureOf = async (call: Promise<unknown>): Promise<GatewayFailure> => {
  try {
    await call;
  } catch (error) {
    if (error instanceof GatewayError) return error.failure;
    throw error;
  }
  throw new Error('the call did not fail');
};

describe('the gateway client, against the real OpenClaw', () => {
  let gateway: RealGateway;
  let client: GatewayClient;
  let api: GatewayApi;
  const events: EventFrame[] = [];

  const connect = (token: string) => {
    const made = createGatewayClient({
      url: gateway.wsUrl,
      agentVersion: '0.1.0',
      platform: process.platform,
      readToken: async () => token,
      clock: systemClock,
      random: Math.random,
      onEvent: (event) => events.push(event),
      onConnected: () => undefined,
    });
    made.connect();
    return made;
  };

  const job = (over: object = {}) => ({
    declarationKey: 'fleet:probe',
    name: 'probe',
    enabled: true,
    schedule: { kind: 'cron', expr: '0 0 1 1 *', tz: 'UTC', staggerMs: 0 },
    sessionTarget: 'isolated',
    wakeMode: 'now',
    payload: { kind: 'command', argv: ['/bin/echo', 'hi'], timeoutSeconds: 5 },
    delivery: { mode: 'none' },
    failureAlert: false,
    ...over,
  });

  beforeAll(async () => {
    gateway = await startRealGateway(({ port, path }) => ({
      gateway: {
        mode: 'local',
        port,
        bind: 'loopback',
        auth: { mode: 'token', token: { source: 'file', provider: 'token', id: 'value' } },
      },
      secrets: { providers: { token: { source: 'file', path: path('gatewayToken'), mode: 'singleValue' } } },
    }));
    client = connect(gateway.token);
    api = createGatewayApi({ request: client.request, clock: systemClock });
    await client.whenConnected(30_000);
  }, FIRST_START_MS);

  afterAll(async () => {
    await client?.close();
    await gateway?.stop();
  });

  it('connects with admin scope and knows the version and boot of the gateway', async () => {
    const config = await api.configGet();

    expect(client.state()).toBe('ready');
    expect(client.version()).toBe('2026.9.6');
    expect(client.bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(config).toMatchObject({ valid: true, configRevisionHash: config.appliedConfigHash });
  });

  it('is kept out with a wrong token and says why', async () => {
    const stranger = connect('not-the-token');

    const failure = await failureOf(stranger.whenConnected(2_000));

    expect(failure.kind).toBe('away');
    await stranger.close();
  });

  it('patches the config once; the same patch again is a no-op that changes no hash', async () => {
    const before = await api.configGet();
    const patch = { agents: { defaults: { timeoutSeconds: 601 } } };

    const first = await api.configPatch({ patch, baseHash: before.hash, replacePaths: [], note: 'fleet 1' });
    const after = await api.configGet();
    const second = await api.configPatch({ patch, baseHash: after.hash, replacePaths: [], note: 'fleet 1' });

    expect(first).toMatchObject({ noop: false, changedPaths: ['agents.defaults.timeoutSeconds'] });
    expect(second).toMatchObject({ noop: true, changedPaths: [] });
    expect((await api.configGet()).configRevisionHash).toBe(after.configRevisionHash);
  });

  it('gets OpenClaw’s own issues when OpenClaw refuses a patch, and nothing is changed', async () => {
    const before = await api.configGet();

    const failure = await failureOf(
      api.configPatch({ patch: { agents: { defaults: { nope: 1 } } }, baseHash: before.hash, replacePaths: [], note: 'bad' }),
    );

    expect(failure).toEqual({
      kind: 'rejected',
      code: 'INVALID_REQUEST',
      issues: [{ path: 'agents.defaults', message: 'Unrecognized key: "nope"' }],
    });
    expect(await api.configGet()).toEqual(before);
  });

  it('sees a conflict when the config was changed after it was read', async () => {
    const stale = await api.configGet();
    await api.configPatch({ patch: { agents: { defaults: { timeoutSeconds: 602 } } }, baseHash: stale.hash, replacePaths: [], note: '' });

    const failure = await failureOf(
      api.configPatch({ patch: { agents: { defaults: { timeoutSeconds: 603 } } }, baseHash: stale.hash, replacePaths: [], note: '' }),
    );

    expect(failure).toEqual({ kind: 'conflict' });
  });

  it('names SecretRefs that OpenClaw accepted but cannot resolve; arrays go away only when they are named', async () => {
    const { hash } = await api.configGet();
    const provider = {
      baseUrl: 'http://127.0.0.1:9/v1',
      apiKey: { source: 'env', provider: 'default', id: 'NOT_THERE' },
      api: 'openai-completions',
      models: [{ id: 'm', name: 'm' }],
    };

    const result = await api.configPatch({ patch: { models: { providers: { probe: provider } } }, baseHash: hash, replacePaths: [], note: '' });

    expect(result.degradedSecretOwners[0]?.paths).toEqual(['models.providers.probe.apiKey']);
    expect((await api.status()).degradedSecretOwners[0]?.paths).toEqual(['models.providers.probe.apiKey']);
    const now = await api.configGet();
    const removal = { patch: { models: { providers: { probe: null } } }, baseHash: now.hash, note: '' };
    expect(await failureOf(api.configPatch({ ...removal, replacePaths: [] }))).toMatchObject({ kind: 'rejected' });
    await api.configPatch({ ...removal, replacePaths: ['models.providers.probe.models'] });
  });

  it('upserts, updates and removes a cron job; a change behind its back is a conflict; removing it twice is fine', async () => {
    const find = async () => (await api.cronList()).find((one) => one.declarationKey === 'fleet:probe');
    await api.cronAdd(job());
    const added = await find();
    await api.cronAdd(job());
    const again = await find();
    await api.cronUpdate({ id: added?.id ?? '', patch: { description: 'x' }, expectedConfigRevision: added?.configRevision });

    const stale = await failureOf(
      api.cronUpdate({ id: added?.id ?? '', patch: { description: 'y' }, expectedConfigRevision: added?.configRevision }),
    );

    expect(again?.configRevision).toBe(added?.configRevision);
    expect(stale).toEqual({ kind: 'conflict' });
    await api.cronRemove(added?.id ?? '');
    await api.cronRemove(added?.id ?? '');
    expect(await find()).toBeUndefined();
  });

  it('refuses a cron expression with OpenClaw’s words', async () => {
    const failure = await failureOf(api.cronAdd(job({ schedule: { kind: 'cron', expr: 'never' } })));

    expect(failure).toMatchObject({ kind: 'rejected', issues: [{ message: expect.stringContaining('CronPattern') }] });
  });

  it('finds a run with OpenClaw’s run id in cron.runs, and the id of a scheduled run in the task registry', async () => {
    await api.cronAdd(job({ declarationKey: 'fleet:often', name: 'often', schedule: { kind: 'cron', expr: '* * * * * *', tz: 'UTC' } }));
    const { id } = (await api.cronList()).find((one) => one.declarationKey === 'fleet:often') ?? { id: '' };

    const run = await until(async () => (await api.cronRuns({ id }, () => false))[0], { timeoutMs: 20_000 });
    await api.cronRemove(id);

    expect(run).toMatchObject({ jobId: id, status: 'ok', summary: 'hi' });
    expect(run.runId).toBeUndefined();
    const taskRunId = (await api.taskRunIds())({ jobId: id, runAtMs: run.runAtMs ?? 0 });
    expect(taskRunId).toMatch(new RegExp(`^cron:${id}:${run.runAtMs}:[0-9a-f-]{36}$`));
  });

  it('comes back after a restart of the gateway, sees another boot, and fails calls in between as away', async () => {
    const boot = client.bootId();
    const { hash } = await api.configGet();

    const result = await api.configPatch({
      patch: { gateway: { controlUi: { basePath: '/fleet' } } },
      baseHash: hash,
      replacePaths: [],
      note: '',
    });
    await client.whenConnected(60_000, boot);

    expect(result.sentinel?.payload.stats.requiresRestart).toBe(true);
    expect(client.restarts()).toBe(1);
    await until(() => isGatewayReady(gateway.httpUrl), { timeoutMs: 30_000 });
    expect(await api.configGet()).toMatchObject({ valid: true });
  });

  it('tells nobody listening from an answer that is not readiness', async () => {
    expect(await isGatewayReady(gateway.httpUrl)).toBe(true);
    expect(await isGatewayReady(`${gateway.httpUrl}/some/page/of/the/ui`)).toBe(false);
    expect(await isGatewayReady('http://127.0.0.1:9')).toBe(false);
  });

  it('is told of config changes and not of the chatter', () => {
    const names = new Set(events.map((event) => event.event));

    expect(names).toContain('config.changed');
    expect(names).not.toContain('agent');
    expect(names).not.toContain('tick');
  });
});
