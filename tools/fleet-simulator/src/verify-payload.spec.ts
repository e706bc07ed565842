import { BotSettings, type SigningKeySet } from '@trawling/contracts';
import { generateEd25519, signConfig } from '@trawling/crypto';
import { canonicalJson, generateBotConfig } from '@trawling/domain';
import { type PayloadRefused, type ReceivedPayload, verifyPayload } from './verify-payload.js';

const botId = '0190aaaa-0000-7000-8000-000000000001';
const signing = generateEd25519();
const keySet: SigningKeySet = { version: 1, issued_at: '2026-01-01T00:00:00.000Z', keys: [{ kid: 'one', jwk: signing.publicJwk }] };
const payload = generateBotConfig({
  settings: BotSettings.parse({ name: 'Bot' }),
  context: {
    botId, version: 2, issuedAt: new Date(0), paused: false, holdTrading: false, secrets: [],
    runtime: { openclaw_version: '1', agent_sha256: `sha256:${'0'.repeat(64)}` },
  },
});

async function received(change: Partial<ReceivedPayload> = {}, kid = 'one'): Promise<ReceivedPayload> {
  const signature = await signConfig({ payload, kid, privateJwk: signing.privateJwk });
  return { text: canonicalJson(payload), etag: `"${payload.hash}"`, signature, botId, keySet, appliedVersion: 1, ...change };
}

describe('a simulated bot', () => {
  it('believes what its control plane signed for it', async () => {
    expect(await verifyPayload(await received())).toEqual(payload);
  });

  it.each<[string, PayloadRefused['reason'], Partial<ReceivedPayload>]>([
    ['no JSON', 'not-json', { text: '{' }],
    ['JSON that is no config', 'contract', { text: '{"bot_id":1}' }],
    ['the config of another bot', 'other-bot', { botId: '0190aaaa-0000-7000-8000-000000000002' }],
    ['a config that was changed', 'hash', { text: canonicalJson({ ...payload, intervals: { poll_seconds: 1, heartbeat_seconds: 1 } }) }],
    ['an ETag of something else', 'etag', { etag: '"sha256:0"' }],
    ['no signature', 'signature', { signature: '' }],
    ['the signature of a key nobody told of', 'unknown-key', { keySet: { ...keySet, keys: [{ kid: 'two', jwk: signing.publicJwk }] } }],
    ['the signature of another key', 'signature', { keySet: { ...keySet, keys: [{ kid: 'one', jwk: generateEd25519().publicJwk }] } }],
    ['an older version', 'older-version', { appliedVersion: 3 }],
  ])('refuses %s: %s', async (_what, reason, change) => {
    const refused = verifyPayload(await received(change));

    await expect(refused).rejects.toMatchObject({ name: 'PayloadRefused', reason } satisfies Partial<PayloadRefused>);
  });
});
