import { generateEd25519 } from './keys.js';
import { signKeySet, verifyKeySet } from './key-set.js';
import { signer, tamperings } from './testing/fixtures.js';

describe('a signing key set', () => {
  const root = generateEd25519();
  const { keySet } = signer('k1', 3);
  const signed = () => signKeySet({ keySet, rootPrivateJwk: root.privateJwk });

  it.each([0, 2, 3])('is accepted by an agent that holds version %i', async (minVersion) => {
    const jws = await signed();

    await expect(verifyKeySet({ jws, rootPublicJwk: root.publicJwk, minVersion })).resolves.toEqual(keySet);
  });

  it('is refused when it is older than the one already held', async () => {
    const verifying = verifyKeySet({ jws: await signed(), rootPublicJwk: root.publicJwk, minVersion: 4 });

    await expect(verifying).rejects.toMatchObject({ reason: 'key-set-too-old' });
  });

  it('is refused when another key than the pinned root signed it', async () => {
    const verifying = verifyKeySet({ jws: await signed(), rootPublicJwk: generateEd25519().publicJwk, minVersion: 0 });

    await expect(verifying).rejects.toMatchObject({ reason: 'bad-signature' });
  });

  it('is refused when any part was altered', async () => {
    const all = tamperings(await signed());

    expect(all).toHaveLength(3);
    for (const [, jws] of all) {
      await expect(verifyKeySet({ jws, rootPublicJwk: root.publicJwk, minVersion: 0 })).rejects.toMatchObject({ name: 'CryptoError' });
    }
  });
});
