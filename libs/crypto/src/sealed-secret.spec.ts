import { canonicalJson } from '@trawling/domain';
import { CompactEncrypt } from 'jose';
import { generateX25519 } from './keys.js';
import { sign } from './jws.js';
import { openSealedSecret, sealSecret } from './sealed-secret.js';
import { openBytes, sealBytes } from './sealing.js';
import { botId, otherBotId, signer, tamperings } from './testing/fixtures.js';

const payload = { bot_id: botId, name: 'llm_api_key', version: 2, value: 'sk-very-secret ✓' };

describe('a sealed secret', () => {
  const { kid, privateJwk: signingPrivateJwk, keySet } = signer();
  const machine = generateX25519();
  const sealed = () => sealSecret({ payload, kid, signingPrivateJwk, sealingJwk: machine.publicJwk });
  const open = (jwe: string) => openSealedSecret({ jwe, sealingPrivateJwk: machine.privateJwk, keySet });

  it('is opened by the machine it is for', async () => {
    const jwe = await sealed();

    expect(jwe).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    await expect(open(jwe)).resolves.toEqual(payload);
  });

  it('is not opened by another machine', async () => {
    const opening = openSealedSecret({ jwe: await sealed(), sealingPrivateJwk: generateX25519().privateJwk, keySet });

    await expect(opening).rejects.toMatchObject({ reason: 'cannot-open' });
  });

  it('is not opened when any part was altered', async () => {
    const all = tamperings(await sealed());

    expect(all).toHaveLength(4);
    for (const [, jwe] of all) await expect(open(jwe)).rejects.toMatchObject({ reason: 'cannot-open' });
  });

  it('is refused when someone else made it for our key', async () => {
    const stranger = signer(kid);
    const jwe = await sealSecret({ payload, kid, signingPrivateJwk: stranger.privateJwk, sealingJwk: machine.publicJwk });

    await expect(open(jwe)).rejects.toMatchObject({ reason: 'bad-signature' });
  });

  it('asks for a new key set when it does not know the signing key', async () => {
    const jwe = await sealSecret({ payload, kid: 'k2', signingPrivateJwk, sealingJwk: machine.publicJwk });

    await expect(open(jwe)).rejects.toMatchObject({ reason: 'unknown-key' });
  });

  it('is refused when the inner signature was made for another purpose', async () => {
    const inner = await sign({ text: canonicalJson(payload), purpose: 'trawling-config', kid, privateJwk: signingPrivateJwk });

    await expect(open(await sealBytes(machine.publicJwk, inner))).rejects.toMatchObject({ reason: 'wrong-purpose' });
  });

  it('is refused when nothing signed is inside', async () => {
    await expect(open(await sealBytes(machine.publicJwk, canonicalJson(payload)))).rejects.toMatchObject({ reason: 'malformed' });
  });

  it.each([
    ['bot', { bot_id: otherBotId }],
    ['name', { name: 'other' }],
    ['version', { version: 3 }],
  ])("is refused when it is another %s's", async (_what, expected) => {
    const opening = openSealedSecret({ jwe: await sealed(), sealingPrivateJwk: machine.privateJwk, keySet, expected });

    await expect(opening).rejects.toMatchObject({ reason: 'wrong-subject' });
  });

  it('says nothing of its value in errors', async () => {
    const opening = openSealedSecret({ jwe: await sealed(), sealingPrivateJwk: machine.privateJwk, keySet, expected: { version: 9 } });

    await expect(opening).rejects.not.toThrow(/very-secret/);
  });
});

describe('sealed bytes', () => {
  it('are opened by the private key only', async () => {
    const pair = generateX25519();
    const jwe = await sealBytes(pair.publicJwk, 'enrollment secret');

    await expect(openBytes(pair.privateJwk, jwe)).resolves.toBe('enrollment secret');
    await expect(openBytes(generateX25519().privateJwk, jwe)).rejects.toMatchObject({ reason: 'cannot-open' });
  });

  it('are refused under another algorithm than ECDH-ES with A256GCM', async () => {
    const pair = generateX25519();
    const wrapped = await new CompactEncrypt(Buffer.from('x'))
      .setProtectedHeader({ alg: 'ECDH-ES+A128KW', enc: 'A128GCM' })
      .encrypt(pair.publicJwk);

    await expect(openBytes(pair.privateJwk, wrapped)).rejects.toMatchObject({ reason: 'cannot-open' });
  });
});
