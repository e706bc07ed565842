import { type CredentialRotation } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { generateEd25519, makeRotateCredentialRequest, verifyRotateCredentialRequest } from './index.js';
import { sign } from './jws.js';
import { botId, otherBotId, tamperings } from './testing/fixtures.js';

const machine = generateEd25519();
const rotation: CredentialRotation = {
  bot_id: botId,
  generation: 2,
  replaces: '0190aaaa-0000-7000-8000-00000000000b',
  credential_id: '0190aaaa-0000-7000-8000-00000000000c',
  credential_hash: `sha256:${'0'.repeat(64)}`,
};
const made = () => makeRotateCredentialRequest({ rotation, identityPrivateJwk: machine.privateJwk });
const verifies = (request: Awaited<ReturnType<typeof made>>) => verifyRotateCredentialRequest({ request, identityJwk: machine.publicJwk });

describe('the proof of a credential rotation', () => {
  it('holds for what the machine asked for', async () => {
    expect(await verifies(await made())).toBe(true);
  });

  it('is the same for the same rotation', async () => {
    expect(await made()).toEqual(await made());
  });

  it.each<[string, Partial<CredentialRotation>]>([
    ['another bot', { bot_id: otherBotId }],
    ['another machine', { generation: 3 }],
    ['another predecessor', { replaces: '0190aaaa-0000-7000-8000-00000000000d' }],
    ['another candidate', { credential_id: '0190aaaa-0000-7000-8000-00000000000d' }],
    ['another secret', { credential_hash: `sha256:${'1'.repeat(64)}` }],
  ])('does not hold for %s', async (_what, change) => {
    expect(await verifies({ ...(await made()), ...change })).toBe(false);
  });

  it('does not hold by another key', async () => {
    const thief = generateEd25519();
    expect(await verifies(await makeRotateCredentialRequest({ rotation, identityPrivateJwk: thief.privateJwk }))).toBe(false);
  });

  it('does not hold when it was signed for something else', async () => {
    const proof = await sign({ text: canonicalJson(rotation), purpose: 'trawling-enrollment', kid: 'k', privateJwk: machine.privateJwk });
    expect(await verifies({ ...rotation, proof })).toBe(false);
  });

  it('does not hold with one bit turned over', async () => {
    const request = await made();
    for (const [, proof] of tamperings(request.proof)) expect(await verifies({ ...request, proof })).toBe(false);
  });
});
