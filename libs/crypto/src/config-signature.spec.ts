import { signConfig, verifyConfigSignature } from './config-signature.js';
import { sign } from './jws.js';
import { botId, otherBotId, signer, tamperings } from './testing/fixtures.js';
import { canonicalJson } from '@trawling/domain';

const payload = {
  bot_id: botId,
  version: '7',
  hash: `sha256:${'a'.repeat(64)}`,
  issued_at: '2026-11-01T00:00:00.000Z',
};

describe('a config signature', () => {
  const { kid, privateJwk, keySet } = signer();
  const signed = () => signConfig({ payload, kid, privateJwk });

  it('holds for what was signed and is detached', async () => {
    const jws = await signed();

    expect(jws).toMatch(/^[\w-]+\.\.[\w-]+$/);
    await expect(verifyConfigSignature({ jws, payload, keySet })).resolves.toBeUndefined();
  });

  it('holds for a whole payload that carries the four members among others', async () => {
    const jws = await signed();
    const whole = { ...payload, agent_config: { name: 'x' }, cron_jobs: [] };

    await expect(verifyConfigSignature({ jws, payload: whole, keySet })).resolves.toBeUndefined();
  });

  it.each([
    ['bot', { bot_id: otherBotId }],
    ['version', { version: '8' }],
    ['hash', { hash: `sha256:${'b'.repeat(64)}` }],
    ['time', { issued_at: '2026-11-01T00:00:00.001Z' }],
  ])("does not hold for another %s", async (_what, change) => {
    const jws = await signed();

    const verifying = verifyConfigSignature({ jws, payload: { ...payload, ...change }, keySet });

    await expect(verifying).rejects.toMatchObject({ reason: 'bad-signature' });
  });

  it('does not hold when any part was altered', async () => {
    const jws = await signed();

    for (const [, tampered] of tamperings(jws)) {
      await expect(verifyConfigSignature({ jws: tampered, payload, keySet })).rejects.toMatchObject({ name: 'CryptoError' });
    }
    expect(tamperings(jws)).toHaveLength(2);
  });

  it('asks for a new key set when it does not know the key', async () => {
    const jws = await signConfig({ payload, kid: 'k2', privateJwk });

    await expect(verifyConfigSignature({ jws, payload, keySet })).rejects.toMatchObject({ reason: 'unknown-key' });
  });

  it('does not hold when another key signed under a known name', async () => {
    const jws = await signConfig({ payload, kid, privateJwk: signer().privateJwk });

    await expect(verifyConfigSignature({ jws, payload, keySet })).rejects.toMatchObject({ reason: 'bad-signature' });
  });

  it('does not hold when the key signed the same text for another purpose', async () => {
    const [header, , signature] = (await sign({ text: canonicalJson(payload), purpose: 'trawling-secret', kid, privateJwk })).split('.');

    const verifying = verifyConfigSignature({ jws: `${header}..${signature}`, payload, keySet });

    await expect(verifying).rejects.toMatchObject({ reason: 'wrong-purpose' });
  });

  it.each(['none', 'HS256', 'ES256'])('does not let the header choose the algorithm %s', async (alg) => {
    const [, , signature] = (await signed()).split('.');
    const header = Buffer.from(JSON.stringify({ alg, kid, typ: 'trawling-config' })).toString('base64url');

    for (const end of [signature, '']) {
      const verifying = verifyConfigSignature({ jws: `${header}..${end}`, payload, keySet });
      await expect(verifying).rejects.toMatchObject({ name: 'CryptoError' });
    }
  });

  it('takes the payload from the caller, never from the signature', async () => {
    const [header, , signature] = (await signed()).split('.');
    const attached = `${header}.${Buffer.from(canonicalJson(payload)).toString('base64url')}.${signature}`;

    await expect(verifyConfigSignature({ jws: attached, payload, keySet })).rejects.toMatchObject({ reason: 'malformed' });
  });

  it.each(['', '.', '..', 'a..b', '....', 'not a jws'])('%j is refused', async (jws) => {
    await expect(verifyConfigSignature({ jws, payload, keySet })).rejects.toMatchObject({ name: 'CryptoError' });
  });
});
