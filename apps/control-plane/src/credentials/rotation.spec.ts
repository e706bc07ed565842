import { EventList, type SigningKeySet } from '@trawling/contracts';
import { hashToken, openSealedSecret, verifyKeySet } from '@trawling/crypto';
import { takeIntoUse } from '@trawling/database';
import { until } from '@trawling/runtime/testing';
import { makeBot } from '../testing/bots.js';
import { enroll, makeMachineKeys, type MachineKeys } from '../testing/enroll.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { makeCandidate, recordRotation, rotateRequest } from '../testing/rotate.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
let keys: MachineKeys;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api, { secrets: { llm_api_key: 'the-llm-key' } });
  ({ keys } = await enroll(controlPlane(), botId));
});

const credentialOf = ({ credentialId }: MachineKeys) => controlPlane().owner.prisma.botCredential.findUnique({ where: { id: credentialId } });
const sealedFor = ({ credentialId }: MachineKeys) => controlPlane().owner.prisma.sealedSecret.findMany({ where: { credentialId } });
const alarms = async () => EventList.parse((await api.get(`/bots/${botId}/events?type=security.rotation-refused`)).body).events;
const use = ({ credentialId }: MachineKeys) => controlPlane().owner.transaction((tx) => takeIntoUse(tx, { credentialId, botId }));

async function keySet(): Promise<SigningKeySet> {
  const { owner, rootPublicJwk } = controlPlane();
  const { keySet: jws } = await owner.prisma.installation.findFirstOrThrow();
  return verifyKeySet({ jws, rootPublicJwk, minVersion: 1 });
}

describe('a machine that rotates its credential', () => {
  it('has a candidate with its own keys and its secrets, while the old one stays good', async () => {
    const candidate = makeCandidate(keys);

    const decision = await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate }));

    expect(decision).toEqual({ state: 'accepted', code: null, reason: null });
    expect(await credentialOf(candidate)).toMatchObject({
      botId, generation: 1, secretHash: hashToken(candidate.credential), replacesId: keys.credentialId, firstUsedAt: null, revokedAt: null,
      identityJwk: keys.identity.publicJwk, sealingJwk: keys.sealing.publicJwk,
    });
    expect(await credentialOf(keys)).toMatchObject({ revokedAt: null });
    const [sealed] = await sealedFor(candidate);
    const opened = await openSealedSecret({ jwe: sealed?.jwe ?? '', sealingPrivateJwk: keys.sealing.privateJwk, keySet: await keySet() });
    expect(opened.value).toBe('the-llm-key');
  });

  it('loses the old credential, and what was sealed to it, once the new one was used', async () => {
    const candidate = makeCandidate(keys);
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate }));

    expect(await use(candidate)).toBe(true);

    const old = await until(async () => { const row = await credentialOf(keys); return row?.revokedAt && row; });
    expect(old.revokedReason).toBe('rotated');
    expect(await sealedFor(keys)).toEqual([]);
    expect(await sealedFor(candidate)).toHaveLength(1);
  });

  it('hears yes again when it asks again, before and after the first use', async () => {
    const candidate = makeCandidate(keys);
    const request = await rotateRequest({ botId, keys, candidate });

    const decisions = [await recordRotation(controlPlane(), request), await recordRotation(controlPlane(), request, 'again')];
    await use(candidate);
    decisions.push(await recordRotation(controlPlane(), request, 'and again'));

    expect(decisions.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await controlPlane().owner.prisma.botCredential.count({ where: { botId } })).toBe(2);
  });

  it('keeps one candidate: the one before it that was never used is good for nothing', async () => {
    const [first, second] = [makeCandidate(keys), makeCandidate(keys)];
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: first }));

    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: second }));

    expect(await use(first)).toBe(false);
    expect(await use(second)).toBe(true);
  });

  it('goes on from one candidate to the next', async () => {
    const second = makeCandidate(keys);
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: second }));
    await use(second);
    const third = makeCandidate(keys);

    const decision = await recordRotation(controlPlane(), await rotateRequest({ botId, keys: second, candidate: third }));

    expect(decision.state).toBe('accepted');
    expect(await use(third)).toBe(true);
  });

  it('gets secrets that are put before the candidate is used for both', async () => {
    const candidate = makeCandidate(keys);
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate }));

    await api.put(`/bots/${botId}/secrets/llm_api_key`).send({ value: 'a-newer-key' });

    for (const one of [keys, candidate]) expect((await sealedFor(one)).map(({ version }) => version)).toContain(2);
  });

  it('is decided without a notification too', async () => {
    const { owner } = controlPlane();
    const request = await rotateRequest({ botId, keys, candidate: makeCandidate(keys) });
    const id = request.credential_id;

    await owner.prisma.credentialRequest.create({ data: { id, botId, credentialId: keys.credentialId, request, requestHash: id } });

    await until(async () => (await owner.prisma.credentialRequest.findUniqueOrThrow({ where: { id } })).state === 'accepted', { timeoutMs: 8_000 });
  });

  it('is on record', async () => {
    const candidate = makeCandidate(keys);
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate }));

    const entry = await controlPlane().owner.prisma.auditEntry.findFirst({ where: { botId, action: 'rotate-credential' } });
    expect(entry).toMatchObject({ before: { credential_id: keys.credentialId }, after: { credential_id: candidate.credentialId } });
  });
});

describe('a rotation that the machine did not ask for', () => {
  it('is refused when a captured sync-adapter or the thief of a credential makes it, and the owner sees the alarm', async () => {
    const thief = makeMachineKeys();

    const decision = await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: thief, signer: thief }));

    expect(decision).toMatchObject({ state: 'refused', code: 'rotation-refused' });
    expect(await credentialOf(thief)).toBeNull();
    expect(await alarms()).toMatchObject([{ severity: 'error', data: { credential_id: keys.credentialId } }]);
  });

  it('is refused when the candidate’s hash was swapped on the way', async () => {
    const request = await rotateRequest({ botId, keys, candidate: makeCandidate(keys) });

    const decision = await recordRotation(controlPlane(), { ...request, credential_hash: hashToken('the thief’s') });

    expect(decision).toMatchObject({ state: 'refused', code: 'rotation-refused' });
  });

  it('is void when it was kept back until another candidate took over', async () => {
    const [withheld, used] = [makeCandidate(keys), makeCandidate(keys)];
    const request = await rotateRequest({ botId, keys, candidate: withheld });
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: used }));
    await use(used);

    const decision = await recordRotation(controlPlane(), request);

    expect(decision).toMatchObject({ state: 'refused', code: 'rotation-refused' });
    expect(await credentialOf(used)).toMatchObject({ revokedAt: null });
  });

  it('is refused for another bot’s credential, even when its own machine signed', async () => {
    const otherBot = await makeBot(api);
    const other = await enroll(controlPlane(), otherBot);
    const request = await rotateRequest({ botId, keys: other.keys, candidate: makeCandidate(other.keys) });

    expect(await recordRotation(controlPlane(), request)).toMatchObject({ state: 'refused', code: 'rotation-refused' });
  });

  it('gives a machine of an older generation nothing', async () => {
    await controlPlane().owner.prisma.bot.update({ where: { id: botId }, data: { machineGeneration: 2 } });

    const decision = await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: makeCandidate(keys) }));

    expect(decision).toMatchObject({ state: 'refused', code: 'machine-superseded' });
  });

  it('does not keep others waiting when it cannot be read', async () => {
    const { owner } = controlPlane();
    const id = makeCandidate(keys).credentialId;
    await owner.prisma.credentialRequest.create({ data: { id, botId, credentialId: keys.credentialId, request: { nonsense: true }, requestHash: id } });

    expect((await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate: makeCandidate(keys) }))).state).toBe('accepted');
    await until(async () => (await owner.prisma.credentialRequest.findUniqueOrThrow({ where: { id } })).state === 'refused', { timeoutMs: 8_000 });
  });

  it('leaves a candidate unusable whose predecessor was revoked meanwhile', async () => {
    const candidate = makeCandidate(keys);
    await recordRotation(controlPlane(), await rotateRequest({ botId, keys, candidate }));
    await controlPlane().owner.prisma.botCredential.update({ where: { id: keys.credentialId }, data: { revokedAt: new Date(), revokedReason: 'security' } });

    expect(await use(candidate)).toBe(false);
  });
});
