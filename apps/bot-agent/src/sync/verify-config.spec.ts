import { type SigningKeySet } from '@trawling/contracts';
import { generateEd25519, signConfig } from '@trawling/crypto';
import { payloadHash } from '@trawling/domain';
import { BOT_ID, payloadWith } from '../testing/payloads.js';
import { type Refusal, verifyConfig, type VerifyInput } from './verify-config.js';

const key = generateEd25519();
const keySet: SigningKeySet = { version: 1, issued_at: '2026-11-21T08:00:00.000Z', keys: [{ kid: 'k1', jwk: key.publicJwk }] };

async function signed(payload = payloadWith({}, { version: 5 }), kid = 'k1'): Promise<VerifyInput> {
  const signature = await signConfig({ payload, kid, privateJwk: key.privateJwk });
  return { text: JSON.stringify(payload), signature, keySet, botId: BOT_ID, applied: null };
}
async function refusal(input: VerifyInput): Promise<Refusal | 'accepted'> {
  const verdict = await verifyConfig(input);
  return verdict.ok ? 'accepted' : verdict.reason;
}

describe('verifyConfig', () => {
  it('accepts a config that is signed, intact, for this bot and newer than what runs', async () => {
    const input = await signed();

    const verdict = await verifyConfig({ ...input, applied: { version: '4', hash: `sha256:${'a'.repeat(64)}` } });

    expect(verdict).toMatchObject({ ok: true, payload: { version: '5' } });
  });

  it('accepts the version that runs when it is the very same', async () => {
    const payload = payloadWith({}, { version: 5 });

    expect(await refusal({ ...(await signed(payload)), applied: { version: '5', hash: payload.hash } })).toBe('accepted');
  });

  it('holds the ETag to the hash when there is one', async () => {
    const input = await signed();
    const { hash } = payloadWith({}, { version: 5 });
    const refusals = [`"${hash}"`, `W/"${hash}"`, '', hash, `"${hash.replace(/.$/, (last) => (last === '0' ? '1' : '0'))}"`, '""'].map((etag) => refusal({ ...input, etag }));

    expect(await Promise.all(refusals)).toEqual(['accepted', 'accepted', 'accepted', 'hash', 'hash', 'hash']);
  });

  it('accepts members it does not know, as long as they are under the hash', async () => {
    const { hash: _hash, ...content } = payloadWith({}, { version: 5 });
    const newer = { ...content, from_the_future: true };
    const payload = { ...newer, hash: payloadHash(newer) };
    const signature = await signConfig({ payload, kid: 'k1', privateJwk: key.privateJwk });

    expect(await refusal({ ...(await signed()), text: JSON.stringify(payload), signature })).toBe('accepted');
  });

  it.each<[string, Refusal, (input: VerifyInput) => Partial<VerifyInput> | Promise<Partial<VerifyInput>>]>([
    ['what is not JSON', 'not-json', () => ({ text: '{' })],
    ['prototype keys', 'not-json', (input) => ({ text: input.text.replace('{', '{"__proto__":{},') })],
    ['what the contract does not know', 'contract', () => ({ text: '{"version":5}' })],
    ['another bot’s config', 'other-bot', () => ({ botId: '01939e7c-0000-7000-8000-00000000000f' })],
    ['a changed payload', 'hash', (input) => ({ text: input.text.replace('"trend"', '"breakout"') })],
    ['a changed payload with its own hash', 'signature', async () => ({ text: JSON.stringify(payloadWith({ strictness: 'high' }, { version: 5 })) })],
    ['no signature', 'signature', () => ({ signature: '' })],
    ['a signature over another version', 'signature', async () => ({ signature: (await signed(payloadWith({}, { version: 6 }))).signature })],
    ['a key nobody here knows', 'unknown-key', async () => ({ signature: (await signed(undefined, 'k2')).signature })],
    ['a version older than what runs', 'older-version', () => ({ applied: { version: '6', hash: '' } })],
    ['another config under the version that runs', 'same-version-other-hash', () => ({ applied: { version: '5', hash: '' } })],
    ['more than a config can be', 'too-large', () => ({ text: ' '.repeat(5 * 1024 * 1024) })],
  ])('refuses %s', async (_what, reason, change) => {
    const input = await signed();

    expect(await refusal({ ...input, ...(await change(input)) })).toBe(reason);
  });

  it('compares versions as numbers', async () => {
    expect(await refusal({ ...(await signed(payloadWith({}, { version: 10 }))), applied: { version: '9', hash: '' } })).toBe('accepted');
  });
});
