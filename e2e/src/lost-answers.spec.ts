import { hashToken, makeRotateCredentialRequest, makeToken } from '@trawling/crypto';
import { uuid7 } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { randomBytes } from 'node:crypto';
import { enrolledBot, makeEnrollment, type RigMachine } from './support/rig/enroll.js';
import { openRig, type Rig } from './support/rig/rig.js';

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Answer = { status: number; body: unknown };
type Call = { method: Method; path: string; body?: unknown; key?: string };

/** What the database holds that a call done twice would show in. */
const TRACES = `
  SELECT (SELECT count(*) FROM bot)::int AS bots, (SELECT count(*) FROM config_version)::int AS versions,
         (SELECT count(*) FROM bot_secret)::int AS secrets, (SELECT count(*) FROM machine)::int AS machines,
         (SELECT count(*) FROM bot_event WHERE source = 'bot')::int AS events, (SELECT count(*) FROM metrics.bot_metric)::int AS metrics,
         (SELECT count(*) FROM config_ack)::int AS acks, (SELECT count(*) FROM bot_credential)::int AS credentials,
         (SELECT count(*) FROM audit_entry)::int AS audits,
         (SELECT max(sequence) FROM bot_reported)::int AS sequence, (SELECT max(boot_stage) FROM machine) AS stage`;

describe('an answer that is lost after the commit', () => {
  let opened: Awaited<ReturnType<typeof openRig>>;
  let rig: Rig;
  beforeAll(async () => {
    opened = await openRig();
    rig = opened.value;
  });
  afterAll(() => opened?.stop());

  const traces = async (): Promise<unknown> => (await rig.query(TRACES))[0];

  async function send(url: string, token: string, call: Call): Promise<Answer> {
    const answer = await fetch(`${url}${call.path}`, {
      method: call.method,
      headers: {
        'Authorization': `Bearer ${token}`,
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(call.key === undefined ? {} : { 'Idempotency-Key': call.key }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  }

  /** Sends the call with its answer lost, waits until it has left its trace, and sends it again. */
  async function sendTwice(line: Rig['apiLine'], token: string, call: Call): Promise<{ again: Answer; once: unknown; twice: unknown }> {
    const before = JSON.stringify(await traces());
    line.loseNextAnswer();
    await expect(send(line.url, token, call)).rejects.toThrow('fetch failed');
    await until(async () => JSON.stringify(await traces()) !== before, { message: `${call.path} left no trace` });
    const once = await traces();
    const again = await send(line.url, token, call);
    return { again, once, twice: await traces() };
  }

  describe('of the control plane: the same call again is answered, and nothing was done twice', () => {
    let botId: string;
    beforeAll(async () => void (botId = (await rig.api.createBot({ owner_id: 'rig', settings: { name: 'Lost answers' } })).bot_id));

    const key = (): string => uuid7();
    it.each<[string, () => Call, number]>([
      ['creating a bot', () => ({ method: 'POST', path: '/bots', body: { owner_id: 'rig', settings: { name: 'Once' } }, key: key() }), 201],
      ['changing settings', () => ({ method: 'PATCH', path: `/bots/${botId}`, body: { strictness: 'high' } }), 202],
      ['pausing', () => ({ method: 'POST', path: `/bots/${botId}/pause`, key: key() }), 202],
      ['resuming', () => ({ method: 'POST', path: `/bots/${botId}/resume`, key: key() }), 202],
      ['rolling back', () => ({ method: 'POST', path: `/bots/${botId}/rollback`, body: { version: 1 }, key: key() }), 202],
      ['putting a secret', () => ({ method: 'PUT', path: `/bots/${botId}/secrets/llm_api_key`, body: { value: 'sk-once' } }), 202],
      ['deleting a secret: it is gone', () => ({ method: 'DELETE', path: `/bots/${botId}/secrets/llm_api_key` }), 404],
      ['decommissioning', () => ({ method: 'DELETE', path: `/bots/${botId}` }), 202],
    ])('%s', async (_what, call, status) => {
      const { again, once, twice } = await sendTwice(rig.apiLine, rig.apiKey, call());

      expect(again).toMatchObject({ status });
      expect(twice).toEqual(once);
    });
  });

  describe('of the sync-adapter: the same call again is answered, and nothing is there twice', () => {
    let bot: RigMachine;
    let hash: string;
    beforeAll(async () => {
      bot = await enrolledBot(rig, 'Reports');
      hash = (await rig.query<{ hash: string }>('SELECT hash FROM config_version WHERE bot_id = $1', [bot.botId]))[0]?.hash ?? '';
    });

    const now = new Date().toISOString();
    const event = { id: uuid7(), type: 'note', timestamp: now, message: 'once' };
    const status = {
      boot_id: uuid7(), sequence: 7, sent_at: now, agent_version: '0', openclaw_version: null, uptime_seconds: 1, applied_version: null,
      applied_hash: null, last_seen_version: '1', health: { status: 'healthy', details: {} }, gateway: { state: 'ready', restarts: 0 },
    };
    const run = {
      id: uuid7(), run_id: 'r', job_id: 'j', declaration_key: 'fleet:x', name: 'x', status: 'ok', run_at: now,
      duration_ms: 1, summary: null, error: null, source: 'webhook', config_version: '1',
    };

    it.each<[string, () => Call, object]>([
      ['metrics', () => ({ method: 'POST', path: 'metrics', body: [{ name: 'equity', timestamp: now, value: 1 }] }), { status: 200, body: { accepted: 0, duplicates: 1, rejected: [] } }],
      ['events', () => ({ method: 'POST', path: 'events', body: [event] }), { status: 200, body: { accepted: 0, duplicates: 1, rejected: [] } }],
      ['cron results', () => ({ method: 'POST', path: 'webhook', body: [run] }), { status: 200, body: { accepted: 0, duplicates: 1, rejected: [] } }],
      ['a heartbeat', () => ({ method: 'POST', path: 'heartbeat', body: status }), { status: 200 }],
      ['boot progress', () => ({ method: 'POST', path: 'boot', body: { stage: 'ready', ok: true, at: now, generation: 1 } }), { status: 204 }],
      ['an ack', () => ({ method: 'POST', path: 'config_ack', body: { version: '1', hash, applied_at: now } }), { status: 204 }],
    ])('%s', async (_what, call, answer) => {
      const { path, ...rest } = call();
      const { again, once, twice } = await sendTwice(rig.botLine, bot.credential, { ...rest, path: `/bots/${bot.botId}/${path}` });

      expect(again).toMatchObject(answer);
      expect(twice).toEqual(once);
    });

    it('a retry', async () => {
      await send(rig.syncAdapterUrl, bot.credential, { method: 'POST', path: `/bots/${bot.botId}/config_ack`, body: { version: '1', hash, applied_at: new Date().toISOString(), outcome: 'failed', error: { code: 'x', message: 'y' } } });

      const { again, once, twice } = await sendTwice(rig.apiLine, rig.apiKey, { method: 'POST', path: `/bots/${bot.botId}/retry`, key: uuid7() });

      expect(again).toMatchObject({ status: 202, body: { desired_version: 2 } });
      expect(twice).toEqual(once);
    });

    it('an enrollment', async () => {
      const { bot_id: botId } = await rig.api.createBot({ owner_id: 'rig', settings: { name: 'Enrolls once' } });
      const { request, machine } = await makeEnrollment(rig, botId);

      const { again, once, twice } = await sendTwice(rig.botLine, '', { method: 'POST', path: `/bots/${botId}/enroll`, body: request });

      expect(again).toMatchObject({ status: 201, body: { credential_id: machine.credentialId } });
      expect(twice).toEqual(once);
    });

    it('a rotation of the credential', async () => {
      const credentialId = uuid7();
      const credential = makeToken('ttb', credentialId, randomBytes);
      const body = await makeRotateCredentialRequest({
        rotation: { bot_id: bot.botId, generation: 1, credential_id: credentialId, credential_hash: hashToken(credential), replaces: bot.credentialId },
        identityPrivateJwk: bot.identity.privateJwk,
      });

      const { again, once, twice } = await sendTwice(rig.botLine, bot.credential, { method: 'POST', path: `/bots/${bot.botId}/credentials/rotate`, body });

      expect(again).toEqual({ status: 201, body: { credential_id: credentialId } });
      expect(twice).toEqual(once);
    });
  });
});
