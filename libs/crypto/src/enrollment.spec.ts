import { randomBytes } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { makeEnrollRequest, verifyEnrollRequest } from './enrollment.js';
import { generateEd25519, generateX25519, jwkThumbprint } from './keys.js';
import { macMatchesUnder, tokenMac, tokenMacKey, tokenMacMatches } from './token-mac.js';
import { botId, otherBotId, tamperings, tokenId } from './testing/fixtures.js';

function machine() {
  const identity = generateEd25519();
  const transcript = {
    bot_id: botId,
    generation: 1,
    token_id: tokenId,
    machine_id: 'local-1',
    identity_key: identity.publicJwk,
    sealing_key: generateX25519().publicJwk,
    credential_id: '0190aaaa-0000-7000-8000-00000000000c',
    credential_hash: `sha256:${'c'.repeat(64)}`,
  };
  const tokenSecret = randomBytes(32).toString('base64url');
  return { identity, transcript, tokenSecret };
}

describe('an enrollment request', () => {
  it('is accepted when the token holder made it', async () => {
    const { identity, transcript, tokenSecret } = machine();

    const request = await makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request, tokenSecret })).toBe(true);
    expect(JSON.stringify(request)).not.toContain(tokenSecret);
    expect(JSON.stringify(request)).not.toContain(identity.privateJwk.d);
  });

  it('is refused under another token secret', async () => {
    const { identity, transcript, tokenSecret } = machine();
    const request = await makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request, tokenSecret: randomBytes(32).toString('base64url') })).toBe('bad-mac');
  });

  it.each([
    ['bot', { bot_id: otherBotId }],
    ['generation', { generation: 2 }],
    ['token', { token_id: otherBotId }],
    ['machine', { machine_id: 'local-2' }],
    ['sealing key', { sealing_key: generateX25519().publicJwk }],
    ['identity key', { identity_key: generateEd25519().publicJwk }],
    ['credential', { credential_hash: `sha256:${'d'.repeat(64)}` }],
  ])('is refused when who relays it swaps the %s', async (_what, change) => {
    const { identity, transcript, tokenSecret } = machine();
    const request = await makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request: { ...request, ...change }, tokenSecret })).toBe('bad-mac');
  });

  it('is refused when the proof covers another transcript, even with the right MAC', async () => {
    const { identity, transcript, tokenSecret } = machine();
    const changed = { ...transcript, sealing_key: generateX25519().publicJwk };
    const first = await makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });
    const second = await makeEnrollRequest({ transcript: changed, identityPrivateJwk: identity.privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request: { ...second, proof: first.proof }, tokenSecret })).toBe('bad-proof');
  });

  it('is refused when another identity key made the proof', async () => {
    const { transcript, tokenSecret } = machine();

    const request = await makeEnrollRequest({ transcript, identityPrivateJwk: generateEd25519().privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request, tokenSecret })).toBe('bad-proof');
  });

  it('is refused when any part of the proof or the MAC was altered', async () => {
    const { identity, transcript, tokenSecret } = machine();
    const request = await makeEnrollRequest({ transcript, identityPrivateJwk: identity.privateJwk, tokenSecret });

    for (const [, proof] of tamperings(request.proof)) {
      expect(await verifyEnrollRequest({ request: { ...request, proof }, tokenSecret })).toBe('bad-proof');
    }
    for (const [, mac] of tamperings(request.mac)) {
      expect(await verifyEnrollRequest({ request: { ...request, mac }, tokenSecret })).toBe('bad-mac');
    }
  });

  it('is refused, not crashed on, with keys that are none', async () => {
    const { identity, transcript, tokenSecret } = machine();
    const broken = { ...transcript, identity_key: { ...identity.publicJwk, x: '!'.repeat(43) } };

    const request = await makeEnrollRequest({ transcript: broken, identityPrivateJwk: identity.privateJwk, tokenSecret });

    expect(await verifyEnrollRequest({ request, tokenSecret })).toBe('bad-proof');
  });
});

describe('a MAC under an enrollment token', () => {
  it('holds for its value and purpose only', () => {
    const input = { tokenSecret: randomBytes(32).toString('base64url'), tokenId, purpose: 'boot', value: { stage: 'agent' } } as const;
    const mac = tokenMac(input);

    expect(mac).toMatch(/^[\w-]{43}$/);
    expect(tokenMacMatches(mac, input)).toBe(true);
    expect(tokenMacMatches(mac, { ...input, purpose: 'enroll' })).toBe(false);
    expect(tokenMacMatches(mac, { ...input, tokenId: otherBotId })).toBe(false);
    expect(tokenMacMatches(mac, { ...input, value: { stage: 'ready' } })).toBe(false);
  });

  it('can be checked by who has the key of that purpose, which is not the secret', () => {
    const input = { tokenSecret: randomBytes(32).toString('base64url'), tokenId, purpose: 'boot', value: { stage: 'agent' } } as const;
    const [key, other] = [tokenMacKey(input), tokenMacKey({ ...input, purpose: 'enroll' })];
    const mac = tokenMac(input);

    expect(macMatchesUnder(mac, { key, value: input.value })).toBe(true);
    expect(macMatchesUnder(mac, { key: other, value: input.value })).toBe(false);
    expect(macMatchesUnder(mac, { key, value: { stage: 'ready' } })).toBe(false);
    expect(macMatchesUnder(tokenMac({ ...input, tokenSecret: key }), { key, value: input.value })).toBe(false);
  });
});

describe('a JWK thumbprint', () => {
  it('is the one of RFC 7638, the same for public and private', async () => {
    for (const pair of [generateEd25519(), generateX25519()]) {
      expect(jwkThumbprint(pair.publicJwk)).toBe(await calculateJwkThumbprint(pair.publicJwk));
      expect(jwkThumbprint(pair.privateJwk)).toBe(jwkThumbprint(pair.publicJwk));
    }
  });
});
