import { BotConfigPayload, BotView, ChangeAccepted } from '@trawling/contracts';
import { verifyConfigSignature, verifyKeySet } from '@trawling/crypto';
import { canonicalJson, payloadHash } from '@trawling/domain';
import { startMachineWorker } from '@trawling/queues';
import { until } from '@trawling/runtime/testing';
import { useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();

describe('creating a bot', () => {
  it('answers with version 1 and shows the bot as its owner will see it', async () => {
    const api = await controlPlane().as('operator');

    const created = await api.post('/bots').send({ owner_id: 'alice', labels: { tier: 'gold' }, settings: { name: 'First' } });

    expect(created.status).toBe(201);
    const { bot_id, hash } = ChangeAccepted.parse(created.body);
    expect(created.headers).toMatchObject({ location: `/bots/${bot_id}`, etag: '"v1"' });
    const seen = await api.get(`/bots/${bot_id}`);
    expect(BotView.parse(seen.body)).toMatchObject({
      id: bot_id,
      owner_id: 'alice',
      name: 'First',
      labels: { tier: 'gold' },
      desired_version: 1,
      desired_hash: hash,
      applied_version: null,
      sync_status: 'pending',
      last_ack: null,
      online: false,
      trading: 'active',
      machine: { generation: 1, state: 'wanted', next_step: expect.stringMatching(/^The provisioner creates the machine, by 20/) as string },
    });
    expect(seen.headers['etag']).toBe('"v1"');
  });

  it('stores a canonical snapshot whose hash and signature hold', async () => {
    const { as, owner, rootPublicJwk } = controlPlane();
    const api = await as('operator');

    const created = await api.post('/bots').send({ owner_id: 'alice', settings: { name: 'Signed' } });

    const botId = ChangeAccepted.parse(created.body).bot_id;
    const row = await owner.prisma.configVersion.findFirstOrThrow({ where: { botId }, include: { signatures: true } });
    const payload = BotConfigPayload.parse(JSON.parse(row.payload));
    expect(canonicalJson(payload)).toBe(row.payload);
    expect(payloadHash(payload)).toBe(row.hash);
    const installation = await owner.prisma.installation.findFirstOrThrow();
    const keySet = await verifyKeySet({ jws: installation.keySet, rootPublicJwk, minVersion: 0 });
    expect(row.signatures).toHaveLength(1);
    await verifyConfigSignature({ jws: row.signatures[0]?.jws ?? '', payload, keySet });
  });

  it('leaves a line in the log with bot, version and request', async () => {
    const { as, logs } = controlPlane();
    const api = await as('operator');

    const created = await api.post('/bots').set('X-Request-Id', 'my-request').send({ owner_id: 'alice', settings: { name: 'Logged' } });

    const { bot_id } = ChangeAccepted.parse(created.body);
    const lines = logs.map((line): unknown => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ bot_id, config_version: 1, reason: 'create', request_id: 'my-request' }));
  });

  it('asks the provisioner for the machine', async () => {
    const { as, ownerUrl } = controlPlane();
    const asked: string[] = [];
    const worker = await startMachineWorker({ databaseUrl: ownerUrl, concurrency: 1, handle: async ({ botId }) => void asked.push(botId) });
    try {
      const api = await as('operator');

      const created = await api.post('/bots').send({ owner_id: 'alice', settings: { name: 'Queued' } });

      const { bot_id } = ChangeAccepted.parse(created.body);
      await until(() => asked.includes(bot_id));
    } finally {
      await worker.close();
    }
  });

  it('gives a bot its first secrets with its first version, by reference only', async () => {
    const { as, owner } = controlPlane();
    const api = await as('owner', 'bob');
    const settings = { name: 'Chatty', channels: { telegram: { token_secret: 'telegram_token' } } };

    const created = await api.post('/bots').send({ settings, secrets: { llm_api_key: 'first-llm-value', telegram_token: 'first-telegram-value' } });

    const { bot_id, warnings } = ChangeAccepted.parse(created.body);
    expect(warnings).toEqual([]);
    const { payload } = await owner.prisma.configVersion.findFirstOrThrow({ where: { botId: bot_id } });
    expect(BotConfigPayload.parse(JSON.parse(payload))).toMatchObject({
      llm_config: { api_key: { secret: 'llm_api_key', version: 1 } },
      agent_config: { channels: { telegram: { token: { secret: 'telegram_token', version: 1 } } } },
    });
    const seen = BotView.parse((await api.get(`/bots/${bot_id}`)).body);
    expect(seen.secrets).toEqual([{ name: 'llm_api_key', version: 1 }, { name: 'telegram_token', version: 1 }]);
    expect(seen.owner_id).toBe('bob');
  });

  it('warns about a channel whose token was not put yet', async () => {
    const api = await controlPlane().as('owner', 'bob');

    const created = await api.post('/bots').send({ settings: { name: 'Mute', channels: { discord: { token_secret: 'discord_token' } } } });

    expect(ChangeAccepted.parse(created.body).warnings.map((warning) => warning.path)).toEqual(['channels.discord.token_secret']);
  });

  it('starts in live mode only when that is confirmed', async () => {
    const api = await controlPlane().as('owner', 'bob');
    const body = { settings: { name: 'Live', trading_mode: 'live' } };

    const refused = await api.post('/bots').send(body);
    const accepted = await api.post('/bots').send({ ...body, confirm_live: true });

    expect(refused.status).toBe(422);
    expect(refused.body).toMatchObject({ code: 'live-needs-confirmation' });
    expect(accepted.status).toBe(201);
  });
});

describe('a refused creation', () => {
  const settings = { name: 'Never' };
  it.each([
    ['no settings', {}, 400, 'invalid-request', 'settings'],
    ['an unknown setting', { settings: { ...settings, speed: 9 } }, 400, 'invalid-request', 'settings.speed'],
    ['an unknown field', { settings, color: 'red' }, 400, 'invalid-request', 'color'],
    ['a value out of range', { settings: { ...settings, risk_caps: { max_drawdown_percent: 101 } } }, 400, 'invalid-request', 'settings.risk_caps.max_drawdown_percent'],
    ['a schedule that never runs', { settings: { ...settings, schedule: { 'risk-check': '0 0 31 2 *' } } }, 400, 'invalid-request', 'settings.schedule.risk-check'],
    ['a NUL character', { settings: { name: 'a\u0000b' } }, 400, 'invalid-request', 'settings.name'],
    ['half a surrogate pair', { settings: { name: 'a\ud800b' } }, 400, 'invalid-request', 'settings.name'],
    ['a bad secret name', { settings, secrets: { 'LLM-KEY': 'x' } }, 400, 'invalid-request', 'secrets.LLM-KEY'],
    ['OpenClaw settings outside the allow-list', { settings: { ...settings, openclaw: { gateway: { port: 1 } } } }, 422, 'openclaw-path-not-allowed', 'settings.openclaw.gateway'],
    ['a literal token in OpenClaw settings', { settings: { ...settings, openclaw: { env: { KEY: 'x' } } } }, 422, 'openclaw-path-not-allowed', 'settings.openclaw.env'],
  ])('names the path and stores nothing: %s', async (_what, body, status, code, path) => {
    const { as, owner } = controlPlane();
    const api = await as('owner', 'nobody');

    const refused = await api.post('/bots').send(body);

    expect({ status: refused.status, code: refused.body.code }).toEqual({ status, code });
    expect(refused.body.issues.map((issue: { path: string }) => issue.path).join(' ')).toContain(path);
    expect(await owner.prisma.bot.count({ where: { ownerId: 'nobody' } })).toBe(0);
  });

  it('says nothing about the inside for a body that is not JSON', async () => {
    const { as, logs } = controlPlane();
    const api = await as('owner', 'nobody');

    const refused = await api.post('/bots').type('application/json').send('{"settings": {"name": "leaky-body-text');

    expect(refused.body).toMatchObject({ status: 400, code: 'malformed-json' });
    expect(refused.text + logs.join()).not.toContain('leaky-body-text');
  });
});
