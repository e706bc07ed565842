import { BotConfigPayload } from '@trawling/contracts';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api, { secrets: { llm_api_key: 'one' } });
});

const command = (name: string, body?: object) => api.post(`/bots/${botId}/${name}`).send(body);
const patch = (body: object) => api.patch(`/bots/${botId}`).send(body);

async function payload(version: number): Promise<BotConfigPayload> {
  const row = await controlPlane().owner.prisma.configVersion.findFirstOrThrow({ where: { botId, version } });
  return BotConfigPayload.parse(JSON.parse(row.payload));
}

const ack = (version: number, outcome: string, error: object | null = null) =>
  controlPlane().owner.prisma.configAck.create({
    data: { botId, version, outcome, appliedAt: new Date(), ...(error ? { error: { code: 'openclaw-refused', message: 'no', ...error } } : {}) },
  });

describe('pause and resume', () => {
  it('make versions that differ in nothing but whether the bot trades', async () => {
    const paused = await command('pause');
    const resumed = await command('resume');

    expect([paused.body.desired_version, resumed.body.desired_version]).toEqual([2, 3]);
    const [first, second, third] = [await payload(1), await payload(2), await payload(3)];
    expect(second.trading_params.trading_enabled).toBe(false);
    expect(second.cron_jobs.filter((job) => job.enabled).map((job) => job.name)).toEqual(['risk-check', 'health-ping', 'config-sync']);
    expect({ ...third, version: '', hash: '', issued_at: '' }).toEqual({ ...first, version: '', hash: '', issued_at: '' });
    expect((await view(api, botId)).trading).toBe('active');
  });

  it('change nothing when it is already so', async () => {
    await command('pause');

    expect((await command('pause')).body).toMatchObject({ desired_version: 2, changed: false });
    expect((await view(api, botId)).trading).toBe('paused');
  });

  it('outlast a change of settings', async () => {
    await command('pause');

    await patch({ strictness: 'high' });

    expect((await payload(3)).trading_params).toMatchObject({ trading_enabled: false, strictness: 'high' });
  });

  it('refuse when the caller expects another version', async () => {
    expect((await command('pause', { expected_version: 5 })).body).toMatchObject({ status: 409, code: 'version-conflict' });
  });
});

describe('rollback', () => {
  it('goes forward to the old settings and content, with the secrets of now', async () => {
    await patch({ strictness: 'high' });
    await api.put(`/bots/${botId}/secrets/llm_api_key`).send({ value: 'two' });

    const rolledBack = await command('rollback', { version: 1 });

    expect(rolledBack.body).toMatchObject({ desired_version: 4, changed: true });
    const [old, restored] = [await payload(1), await payload(4)];
    expect(restored.llm_config.api_key).toEqual({ secret: 'llm_api_key', version: 2 });
    expect(restored.cron_jobs).toEqual(old.cron_jobs);
    expect((await view(api, botId)).settings.strictness).toBe('medium');
  });

  it('keeps a paused bot paused', async () => {
    await patch({ strictness: 'high' });
    await command('pause');

    await command('rollback', { version: 1 });

    expect((await payload(4)).trading_params).toMatchObject({ trading_enabled: false, strictness: 'medium' });
    expect((await view(api, botId)).trading).toBe('paused');
  });

  it('turns live trading on only when that is confirmed', async () => {
    await patch({ trading_mode: 'live', confirm_live: true });
    await patch({ trading_mode: 'paper' });

    const refused = await command('rollback', { version: 2 });
    const confirmed = await command('rollback', { version: 2, confirm_live: true });

    expect(refused.body).toMatchObject({ status: 422, code: 'live-needs-confirmation' });
    expect(confirmed.body).toMatchObject({ desired_version: 4 });
  });

  it.each([
    [{ version: 9 }, 404, 'version-not-found'],
    [{}, 400, 'invalid-request'],
    [{ version: 1, expected_version: 3 }, 409, 'version-conflict'],
  ])('refuses %j', async (body, status, code) => {
    expect((await command('rollback', body)).body).toMatchObject({ status, code });
  });
});

describe('retry', () => {
  it('sends a failed version again as a new one', async () => {
    await ack(1, 'failed', { issues: [{ path: 'agents.x', message: 'Unrecognized key' }] });
    expect(await view(api, botId)).toMatchObject({
      sync_status: 'failed',
      last_ack: { version: 1, error: { issues: [{ path: 'agents.x', message: 'Unrecognized key' }] } },
    });

    const retried = await command('retry');

    expect(retried.body).toMatchObject({ desired_version: 2 });
    const [first, second] = [await payload(1), await payload(2)];
    expect({ ...second, version: '', hash: '', issued_at: '' }).toEqual({ ...first, version: '', hash: '', issued_at: '' });
    expect((await view(api, botId)).sync_status).toBe('pending');
  });

  it.each([['without a verdict', null], ['of an applied version', 'applied'], ['of one that is being applied', 'applying']])(
    'is refused %s',
    async (_what, outcome) => {
      if (outcome) await ack(1, outcome);

      expect((await command('retry')).body).toMatchObject({ status: 409, code: 'nothing-to-retry' });
    },
  );

  it.each([
    ['drifted', { appliedVersion: 1, status: { applied_version: '1', drift: { paths: ['cron:risk-check'] } } }],
    ['is unhealthy, as when OpenClaw disabled a job', { appliedVersion: 1, status: { applied_version: '1', health: { status: 'degraded', details: {} } } }],
  ])('gives the same content again to a bot that %s', async (_what, { appliedVersion, status }) => {
    const { desired_hash: appliedHash } = await view(api, botId);
    await controlPlane().owner.prisma.botReported.create({ data: { botId, appliedVersion, appliedHash, status } });

    expect((await command('retry')).body).toMatchObject({ desired_version: 2, changed: true });
  });

  it('is refused when only an older version failed', async () => {
    await ack(1, 'failed', {});
    await patch({ strictness: 'high' });

    expect((await command('retry')).body).toMatchObject({ status: 409, code: 'nothing-to-retry' });
  });
});

describe('a bot that knows more than a restored database', () => {
  beforeEach(() => controlPlane().owner.prisma.botReported.create({ data: { botId, highestVersion: 9 } }));

  it('has drifted until its next version, which is above all it ever spoke of', async () => {
    expect(await view(api, botId)).toMatchObject({ sync_status: 'drifted', sync_message: expect.stringContaining('version 9') });

    const changed = await patch({ strictness: 'high' });

    expect(changed.body).toMatchObject({ desired_version: 10, changed: true });
    expect(changed.headers['etag']).toBe('"v10"');
    expect((await payload(10)).version).toBe('10');
    expect((await view(api, botId)).sync_status).toBe('pending');
    expect((await patch({ strictness: 'low' })).body).toMatchObject({ desired_version: 11 });
  });

  it.each([
    ['rollback', () => command('rollback', { version: 1 })],
    ['pause', () => command('pause')],
    ['retry', () => command('retry')],
    ['PUT secret', () => api.put(`/bots/${botId}/secrets/llm_api_key`).send({ value: 'two' })],
  ])('gets it by any change: %s', async (_what, change) => {
    expect((await change()).body).toMatchObject({ desired_version: 10 });
    expect((await payload(10)).version).toBe('10');
  });
});

describe('a change while the bot applies the version before', () => {
  it('waits for the bot, whatever it says of that version', async () => {
    await ack(1, 'applying');
    expect((await view(api, botId)).sync_status).toBe('applying');

    await patch({ strictness: 'high' });
    expect(await view(api, botId)).toMatchObject({ desired_version: 2, sync_status: 'pending' });

    await controlPlane().owner.prisma.configAck.update({ where: { botId_version: { botId, version: 1 } }, data: { outcome: 'failed' } });
    expect(await view(api, botId)).toMatchObject({ sync_status: 'pending', last_ack: { version: 1, outcome: 'failed' } });
    await ack(2, 'applied');
    expect((await view(api, botId)).sync_status).toBe('synced');
  });
});

describe('decommissioning', () => {
  it('answers the same again and again, ends the credentials and leaves the history', async () => {
    const { owner } = controlPlane();
    const jwk = { kty: 'OKP', crv: 'X25519', x: 'x'.repeat(43) };
    await owner.prisma.botCredential.create({ data: { id: botId, botId, generation: 1, secretHash: 'sha256:0', identityJwk: jwk, sealingJwk: jwk } });

    const first = await api.delete(`/bots/${botId}`);
    const second = await api.delete(`/bots/${botId}`);

    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual(first.body);
    expect(await owner.prisma.botCredential.findFirstOrThrow({ where: { botId } })).toMatchObject({ revokedReason: 'decommissioned' });
    expect(await view(api, botId)).toMatchObject({
      decommission_requested_at: first.body.decommission_requested_at,
      machine: { next_step: 'The provisioner destroys the machine' },
    });
  });

  it.each([
    ['PATCH', () => patch({ strictness: 'high' })],
    ['rollback', () => command('rollback', { version: 1 })],
    ['pause', () => command('pause')],
    ['resume', () => command('resume')],
    ['retry', () => command('retry')],
    ['PUT secret', () => api.put(`/bots/${botId}/secrets/x`).send({ value: 'x' })],
    ['DELETE secret', () => api.delete(`/bots/${botId}/secrets/llm_api_key`)],
  ])('ends all changes: %s', async (_what, change) => {
    await api.delete(`/bots/${botId}`);

    expect((await change()).body).toMatchObject({ status: 410, code: 'bot-decommissioned' });
    expect((await view(api, botId)).desired_version).toBe(1);
  });
});
