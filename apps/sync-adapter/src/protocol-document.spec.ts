import { StreamHint, StreamTopic } from '@trawling/contracts';
import { hashToken, makeRotateCredentialRequest, makeToken } from '@trawling/crypto';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import request from 'supertest';
import { limits, type RouteLimit } from './limits/limits.js';
import { differences, expectedBody, fill, protocolExamples, type ProtocolExample } from './testing/protocol-examples.js';
import { largeSettings } from './testing/large-settings.js';
import { TestBot } from './testing/test-bot.js';
import { useTestWorld } from './testing/test-world.js';

const read = (file: string): string => readFileSync(join(__dirname, '../../..', file), 'utf8');
const page = read('docs/protocol.md');

describe('docs/protocol.md', () => {
  const world = useTestWorld();
  /** Where the control plane is away. */
  const undecided = useTestWorld({ decides: false, enrollWaitMs: 10 });

  it('names every limit as it is', () => {
    const number = (cell: string | undefined): number | undefined => (cell?.trim() ? Number(cell.replaceAll(',', '')) : undefined);
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\d+) \|([ \d,]*)\|([ \d,]*)\|$/gm)].map(([, name, calls, bytes, items]) => [
      name, { calls: Number(calls), bodyBytes: number(bytes), items: number(items) },
    ]);

    const wanted = Object.entries<RouteLimit>(limits).map(([name, { calls, bodyBytes, items }]) => [name, { calls, bodyBytes, items }]);
    expect(rows).toEqual(wanted);
    expect(Object.values(limits).every(({ seconds }) => seconds === 60)).toBe(true);
  });

  it('shows the hint that every stream begins with', () => {
    const [, text = ''] = /```json\n([\s\S]*?)```/.exec(page.slice(page.indexOf('### Stream'))) ?? [];

    expect(StreamHint.parse(JSON.parse(text))).toEqual({ type: 'look', topics: StreamTopic.options });
  });

  it('names for every threat a test that is there', () => {
    const named = [...page.matchAll(/`([\w./-]+\.spec\.ts)`: “(.+?)”/g)].map(([, file = '', title = '']) => ({ file, title }));
    const rows = page.slice(page.indexOf('| who | tries |')).match(/^\|/gm) ?? [];

    expect(named).toHaveLength(rows.length - 2);
    expect(named.filter(({ file, title }) => !read(file).includes(title))).toEqual([]);
  });

  it.each(protocolExamples(page).map((example) => [example.name, example] as const))(
    'shows a call that is answered as it says: %s',
    async (_name, example) => {
      const values = await valuesFor(example);
      const { app } = example.name === 'enroll_pending' ? undecided() : world();
      const call = request(app)[example.method === 'GET' ? 'get' : 'post'](fill(example.path, values));
      for (const [name, value] of Object.entries(example.headers)) call.set(name, fill(value, values));
      const answer = await (example.body === null ? call : call.send(fill(example.body, values)));

      expect([answer.status, answer.text.slice(0, 300)]).toEqual([example.answer.status, answer.text.slice(0, 300)]);
      for (const [name, value] of Object.entries(example.answer.headers)) {
        const actual = answer.headers[name.toLowerCase()] ?? '';
        const expected = fill(value, values);
        expect([name, actual]).toEqual([name, expected === '{any}' && actual !== '' ? actual : expect.stringContaining(expected)]);
      }
      if (example.answer.body === null) return expect(answer.text).toBe('');
      expect(differences(expectedBody(fill(example.answer.body, values)), JSON.parse(answer.text))).toEqual([]);
    },
  );

  async function valuesFor({ name }: ProtocolExample): Promise<Record<string, string>> {
    if (name === 'boot_before') return firstBootValues(await TestBot.waiting(world()));
    if (name === 'enroll') return enrollmentValues(await TestBot.waiting(world()));
    if (name === 'enroll_pending') return enrollmentValues(await TestBot.waiting(undecided()));
    if (name !== 'delta') return botValues(await TestBot.enrolled(world()));
    const bot = await TestBot.enrolled(world(), { settings: largeSettings('before') });
    const { hash: base_hash = '' } = await botValues(bot);
    await world().controlPlane.changeBot(bot.id, { settings: largeSettings('after') });
    return { ...(await botValues(bot)), base_hash };
  }

  async function enrollmentValues(bot: TestBot): Promise<Record<string, string>> {
    const { identity_key, sealing_key, proof, mac } = await bot.enrollRequest();
    return {
      bot_id: bot.id, token_id: bot.token.id, now: new Date().toISOString(), identity_x: identity_key.x, sealing_x: sealing_key.x, proof, mac,
      credential_id: bot.credentialId, credential_hash: hashToken(bot.credential),
    };
  }

  function firstBootValues(bot: TestBot): Record<string, string> {
    const now = new Date().toISOString();
    const report = { stage: 'supervisor', ok: false, error_line: 'no network', at: now, generation: 1, token_id: bot.token.id };
    return { bot_id: bot.id, token_id: bot.token.id, now, mac: bot.bootMac(report) };
  }

  async function botValues(bot: TestBot): Promise<Record<string, string>> {
    const { hash } = (await bot.config().expect(200)).body as { hash: string };
    const candidateId = uuid7();
    const candidateHash = hashToken(makeToken('ttb', candidateId, randomBytes));
    const { proof } = await makeRotateCredentialRequest({
      rotation: { bot_id: bot.id, generation: 1, replaces: bot.credentialId, credential_id: candidateId, credential_hash: candidateHash },
      identityPrivateJwk: bot.keys.identity.privateJwk,
    });
    return {
      bot_id: bot.id, credential: bot.credential, hash, now: new Date().toISOString(),
      boot_id: bot.bootId, event_id: uuid7(), run_event_id: uuid7(),
      old_credential_id: bot.credentialId, candidate_id: candidateId, candidate_hash: candidateHash, rotation_proof: proof,
    };
  }
});
