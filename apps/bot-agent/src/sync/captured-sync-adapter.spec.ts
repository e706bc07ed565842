import { type BotConfigPayload } from '@trawling/contracts';
import {
  generateEd25519, generateX25519, hashToken, makeEnrollRequest, makeRotateCredentialRequest, makeToken, sealBytes, sealSecret, signConfig,
  signKeySet, verifyEnrollRequest, verifyRotateCredentialRequest,
} from '@trawling/crypto';
import { payloadHash } from '@trawling/domain';
import { randomBytes, randomUUID } from 'node:crypto';
import { realHost } from '../host.js';
import { BOT_ID, payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openKeySet } from './key-set.js';
import { secretsFor } from './secrets.js';
import { verifyConfig } from './verify-config.js';

const OTHER_BOT = '01939e7c-0000-7000-8000-000000000002';
const at = '2026-11-21T08:00:00.000Z';

/** What a captured sync-adapter does not have: keys of the root, the control plane and the machines, and tokens' secrets. */
const root = generateEd25519();
const signing = { kid: 'k1', ...generateEd25519() };
const retired = { kid: 'k0', ...generateEd25519() };
const identity = generateEd25519();
const sealing = generateX25519();
const tokenSecret = randomBytes(32).toString('base64url');

/** What it has: its own keys, whatever it ever relayed, and everything public. */
const evil = { kid: 'k1', ...generateEd25519() };
const keySets = async () => ({
  old: await signKeySet({ keySet: { version: 1, issued_at: at, keys: [{ kid: retired.kid, jwk: retired.publicJwk }] }, rootPrivateJwk: root.privateJwk }),
  now: await signKeySet({ keySet: { version: 2, issued_at: at, keys: [{ kid: signing.kid, jwk: signing.publicJwk }] }, rootPrivateJwk: root.privateJwk }),
  forged: await signKeySet({ keySet: { version: 9, issued_at: at, keys: [{ kid: evil.kid, jwk: evil.publicJwk }] }, rootPrivateJwk: evil.privateJwk }),
});
const signedBy = async (key: typeof signing, payload: BotConfigPayload) => ({
  text: JSON.stringify(payload),
  signature: await signConfig({ payload, kid: key.kid, privateJwk: key.privateJwk }),
});
const sealedBy = (key: typeof signing, secret: { bot_id?: string; name?: string; version?: number; value: string }) =>
  sealSecret({
    payload: { bot_id: BOT_ID, name: 'llm_api_key', version: 2, ...secret },
    kid: key.kid, signingPrivateJwk: key.privateJwk, sealingJwk: sealing.publicJwk,
  });

describe('whatever a captured sync-adapter serves, the agent', () => {
  const folder = temporaryFolder();
  const trusting = async (served: string) => {
    const keySet = await openKeySet({ host: realHost, path: folder.path('keys.json'), rootPublicJwk: root.publicJwk, fetchKeySet: async () => ({ key_set: served }) });
    await keySet.accept((await keySets()).now);
    return keySet;
  };
  const version = (number: number, botId = BOT_ID) => payloadWith({}, { version: number, botId, secrets: [{ name: 'llm_api_key', version: 2 }] });
  const applied = { version: '5', hash: version(5).hash };
  const withHash = (change: object): BotConfigPayload => {
    const { hash: _hash, ...content } = { ...version(6), ...change };
    return { ...content, hash: payloadHash(content) };
  };

  it.each<[string, () => Promise<{ text: string; signature: string }>, string]>([
    ['signed by a key of its own under a trusted name', () => signedBy(evil, version(6)), 'signature'],
    ['signed by a key of its own under its own name', () => signedBy({ ...evil, kid: 'evil' }, version(6)), 'unknown-key'],
    ['signed by a key that was retired', () => signedBy(retired, version(6)), 'unknown-key'],
    ['changed under its old signature', async () => ({ ...(await signedBy(signing, version(6))), text: JSON.stringify({ ...version(6), intervals: { poll_seconds: 5, heartbeat_seconds: 5 } }) }), 'hash'],
    ['changed with a hash to match', async () => ({ ...(await signedBy(signing, version(6))), text: JSON.stringify(withHash({ intervals: { poll_seconds: 5, heartbeat_seconds: 5 } })) }), 'signature'],
    ['with the signature of another version', async () => ({ text: JSON.stringify(version(7)), signature: (await signedBy(signing, version(6))).signature }), 'signature'],
    ['really signed, but for another bot', () => signedBy(signing, version(6, OTHER_BOT)), 'other-bot'],
    ['of another bot under our id', async () => ({ text: JSON.stringify(version(6)), signature: (await signedBy(signing, version(6, OTHER_BOT))).signature }), 'signature'],
    ['really signed, but older than what runs', () => signedBy(signing, version(4)), 'older-version'],
    ['without a signature', async () => ({ ...(await signedBy(signing, version(6))), signature: '' }), 'signature'],
  ])('refuses a config %s', async (_what, serve, reason) => {
    const keySet = (await trusting((await keySets()).now)).current();
    if (!keySet) throw new Error('no key set');

    expect(await verifyConfig({ ...(await serve()), keySet, botId: BOT_ID, applied })).toMatchObject({ ok: false, reason });
    expect(await verifyConfig({ ...(await signedBy(signing, version(6))), keySet, botId: BOT_ID, applied })).toMatchObject({ ok: true });
  });

  it.each<[string, () => Promise<string>, string]>([
    ['that it signed itself', async () => (await keySets()).forged, 'bad-signature'],
    ['that brings a retired key back', async () => (await keySets()).old, 'key-set-too-old'],
    ['with a key put in', async () => {
      const [header, payload = '', signature] = (await keySets()).now.split('.');
      const set = JSON.parse(Buffer.from(payload, 'base64url').toString());
      set.keys.push({ kid: 'evil', jwk: evil.publicJwk });
      return [header, Buffer.from(JSON.stringify(set)).toString('base64url'), signature].join('.');
    }, 'bad-signature'],
  ])('refuses a key set %s, and goes on with its own', async (_what, serve, reason) => {
    const keySet = await trusting(await serve());

    await expect(keySet.refresh()).rejects.toMatchObject({ reason });
    expect(keySet.current()).toMatchObject({ version: 2, keys: [{ kid: signing.kid, jwk: signing.publicJwk }] });
  });

  it('takes over, after any time away, a newer set of keys it has never seen, because the root key signed it', async () => {
    const next = { kid: 'k40', ...generateEd25519() };
    const years = await signKeySet({ keySet: { version: 40, issued_at: at, keys: [{ kid: 'k40', jwk: next.publicJwk }] }, rootPrivateJwk: root.privateJwk });
    const before = await trusting((await keySets()).now);
    expect(before.current()?.version).toBe(2);

    const restarted = await openKeySet({ host: realHost, path: folder.path('keys.json'), rootPublicJwk: root.publicJwk, fetchKeySet: async () => ({ key_set: years }) });
    const config = await signedBy(next, version(6));
    const first = restarted.current();
    if (!first) throw new Error('the set on the disk is not read');

    expect(await verifyConfig({ ...config, keySet: first, botId: BOT_ID, applied })).toMatchObject({ ok: false, reason: 'unknown-key' });
    expect(await verifyConfig({ ...config, keySet: await restarted.refresh(), botId: BOT_ID, applied })).toMatchObject({ ok: true });
  });

  it.each<[string, () => Promise<string>, string]>([
    ['that it sealed and signed itself', () => sealedBy(evil, { value: 'evil' }), 'bad-signature'],
    ['that it sealed without a signature', () => sealBytes(sealing.publicJwk, JSON.stringify({ bot_id: BOT_ID, name: 'llm_api_key', version: 2, value: 'evil' })), 'malformed'],
    ['around a signature of something else', async () => sealBytes(sealing.publicJwk, (await keySets()).now), 'unknown-key'],
    ['of an older version under a newer number', () => sealedBy(signing, { version: 1, value: 'old' }), 'wrong-subject'],
    ['of another name', () => sealedBy(signing, { name: 'other', value: 'swapped' }), 'wrong-subject'],
    ['of another bot', () => sealedBy(signing, { bot_id: OTHER_BOT, value: 'theirs' }), 'wrong-subject'],
    ['with a changed ciphertext', async () => (await sealedBy(signing, { value: 'v' })).replace(/[^.](?=[^.]*\.[^.]*$)/, (first) => (first === 'A' ? 'B' : 'A')), 'cannot-open'],
  ])('refuses a secret %s, says so, and keeps nothing of it', async (_what, serve, reason) => {
    const said: string[] = [];
    const deps = {
      host: realHost,
      heldPath: folder.path(`held-${randomUUID()}.json`),
      botId: BOT_ID,
      sealingPrivateJwk: sealing.privateJwk,
      keySet: await trusting((await keySets()).now),
      security: { say: (type: string) => void said.push(type) },
    };
    const relaying = async (jwe: string) => ({ ...deps, client: { secrets: async () => ({ secrets: [{ name: 'llm_api_key', version: 2, jwe }] }) } });

    await expect(secretsFor(await relaying(await serve()), version(6))).rejects.toMatchObject({ reason });

    expect(said).toEqual(['security.secret_refused']);
    expect(await realHost.readText(deps.heldPath)).toBeNull();
    expect(await secretsFor(await relaying(await sealedBy(signing, { value: 'real' })), version(6))).toEqual({ llm_api_key: 'real' });
  });
});

describe('whatever a captured sync-adapter records, the control plane', () => {
  const credential = makeToken('ttb', randomUUID(), randomBytes);
  const transcript = {
    bot_id: BOT_ID, generation: 1, token_id: randomUUID(), machine_id: 'm', identity_key: identity.publicJwk, sealing_key: sealing.publicJwk,
    credential_id: randomUUID(), credential_hash: hashToken(credential),
  };
  const seen = () => makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });

  it('refuses an enrollment of a machine of its own', async () => {
    const { publicJwk: identity_key, privateJwk: identityPrivateJwk } = generateEd25519();
    const request = await makeEnrollRequest({ transcript: { ...transcript, identity_key }, identityPrivateJwk, tokenSecret: randomBytes(32).toString('base64url') });

    expect(await verifyEnrollRequest({ request, tokenSecret })).toBe('bad-mac');
  });

  it.each([
    ['sealing key, to read the secrets', { sealing_key: generateX25519().publicJwk }],
    ['identity key, to rotate later', { identity_key: generateEd25519().publicJwk }],
    ['credential, to speak for the bot', { credential_hash: hashToken('ttb_of_its_own') }],
    ['bot', { bot_id: OTHER_BOT }],
  ])('refuses a real enrollment with its own %s put in', async (_what, change) => {
    expect(await verifyEnrollRequest({ request: await seen(), tokenSecret })).toBe(true);

    expect(await verifyEnrollRequest({ request: { ...(await seen()), ...change }, tokenSecret })).toBe('bad-mac');
  });

  it('refuses a rotation to a credential of its own, also with a proof it has seen', async () => {
    const rotation = { bot_id: BOT_ID, generation: 1, replaces: transcript.credential_id, credential_id: randomUUID(), credential_hash: hashToken('ttb_next') };
    const real = await makeRotateCredentialRequest({ rotation, identityPrivateJwk: identity.privateJwk });
    const own = { ...rotation, credential_hash: hashToken('ttb_of_its_own') };
    const holds = (request: typeof real) => verifyRotateCredentialRequest({ request, identityJwk: identity.publicJwk });

    expect(await holds(real)).toBe(true);
    expect(await holds(await makeRotateCredentialRequest({ rotation: own, identityPrivateJwk: evil.privateJwk }))).toBe(false);
    expect(await holds({ ...own, proof: real.proof })).toBe(false);
    expect(await holds({ ...own, proof: (await seen()).proof })).toBe(false);
  });
});
