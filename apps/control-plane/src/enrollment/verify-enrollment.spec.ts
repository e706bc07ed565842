import { EventList, type SigningKeySet } from '@trawling/contracts';
import { hashToken, openSealedSecret, verifyKeySet } from '@trawling/crypto';
import { until } from '@trawling/runtime/testing';
import { makeBot } from '../testing/bots.js';
import { enroll, enrollRequest, makeEnrollmentToken, makeMachineKeys, type MachineKeys, record } from '../testing/enroll.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api, { secrets: { llm_api_key: 'the-llm-key' } });
});

async function keySet(): Promise<SigningKeySet> {
  const { owner, rootPublicJwk } = controlPlane();
  const { keySet: jws } = await owner.prisma.installation.findFirstOrThrow();
  return verifyKeySet({ jws, rootPublicJwk, minVersion: 1 });
}

/** Every secret sealed to a machine, opened as the machine does, by name and version. */
async function opened(keys: MachineKeys): Promise<Record<string, string>> {
  const rows = await controlPlane().owner.prisma.sealedSecret.findMany({ where: { credentialId: keys.credentialId } });
  const secrets = await Promise.all(
    rows.map(async ({ jwe, name, version }) =>
      openSealedSecret({ jwe, sealingPrivateJwk: keys.sealing.privateJwk, keySet: await keySet(), expected: { bot_id: botId, name, version } }),
    ),
  );
  return Object.fromEntries(secrets.map(({ name, version, value }) => [`${name}@${version}`, value]));
}

const credentialOf = (keys: MachineKeys) => controlPlane().owner.prisma.botCredential.findUnique({ where: { id: keys.credentialId } });
const alarms = async () => EventList.parse((await api.get(`/bots/${botId}/events?type=security.enrollment-token-reused`)).body).events;

describe('a machine that enrolls', () => {
  it('has its credential, and the secrets sealed to its own key', async () => {
    const { keys, decision } = await enroll(controlPlane(), botId);

    expect(decision).toEqual({ state: 'accepted', code: null, reason: null });
    expect(await credentialOf(keys)).toMatchObject({ botId, generation: 1, secretHash: hashToken(keys.credential), revokedAt: null });
    expect(await opened(keys)).toEqual({ 'llm_api_key@1': 'the-llm-key' });
  });

  it('gets secrets that are put later as well', async () => {
    const { keys } = await enroll(controlPlane(), botId);

    await api.put(`/bots/${botId}/secrets/llm_api_key`).send({ value: 'a-newer-key' });

    expect(await opened(keys)).toMatchObject({ 'llm_api_key@2': 'a-newer-key' });
  });

  it('hears yes again when it asks again with the same keys', async () => {
    const token = await makeEnrollmentToken(controlPlane(), { botId });
    const request = await enrollRequest({ botId, token, keys: makeMachineKeys() });
    await record(controlPlane(), request);

    const again = await record(controlPlane(), request);

    expect(again.state).toBe('accepted');
    expect(await controlPlane().owner.prisma.botCredential.count({ where: { botId } })).toBe(1);
    expect(await alarms()).toEqual([]);
  });

  it('is decided without a notification too', async () => {
    const { owner } = controlPlane();
    const token = await makeEnrollmentToken(controlPlane(), { botId });
    const request = await enrollRequest({ botId, token, keys: makeMachineKeys() });

    await owner.prisma.enrollmentRequest.create({ data: { id: token.id, botId, tokenId: token.id, request, requestHash: token.id } });

    await until(async () => (await owner.prisma.enrollmentRequest.findUniqueOrThrow({ where: { id: token.id } })).state === 'accepted', { timeoutMs: 8_000 });
  });

  it('takes over from the machine of an older generation', async () => {
    const { owner } = controlPlane();
    const old = await enroll(controlPlane(), botId);
    await owner.prisma.bot.update({ where: { id: botId }, data: { machineGeneration: 2 } });

    const next = await enroll(controlPlane(), botId, 2);

    expect(next.decision.state).toBe('accepted');
    expect(await credentialOf(old.keys)).toMatchObject({ revokedReason: 'superseded' });
    expect(await credentialOf(next.keys)).toMatchObject({ generation: 2, revokedAt: null });
  });
});

describe('a machine that must not enroll', () => {
  it('is refused with other keys on a used token, and the owner sees the alarm', async () => {
    const token = await makeEnrollmentToken(controlPlane(), { botId });
    await record(controlPlane(), await enrollRequest({ botId, token, keys: makeMachineKeys() }));
    const thief = makeMachineKeys();

    const decision = await record(controlPlane(), await enrollRequest({ botId, token, keys: thief }));

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-token-used' });
    expect(await credentialOf(thief)).toBeNull();
    expect(await alarms()).toMatchObject([{ severity: 'error', data: { token_id: token.id } }]);
  });

  it('is refused when it is the second machine of its generation', async () => {
    const [one, two] = [await makeEnrollmentToken(controlPlane(), { botId }), await makeEnrollmentToken(controlPlane(), { botId })];
    await record(controlPlane(), await enrollRequest({ botId, token: one, keys: makeMachineKeys() }));

    const decision = await record(controlPlane(), await enrollRequest({ botId, token: two, keys: makeMachineKeys() }));

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-token-used' });
  });

  it('is refused with an expired token', async () => {
    const token = await makeEnrollmentToken(controlPlane(), { botId, expiresInSeconds: -1 });
    const keys = makeMachineKeys();

    const decision = await record(controlPlane(), await enrollRequest({ botId, token, keys }));

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-refused' });
    expect(await credentialOf(keys)).toBeNull();
  });

  it('is refused without the token’s secret, and the token stays good for who has it', async () => {
    const token = await makeEnrollmentToken(controlPlane(), { botId });
    const wrong = { id: token.id, secret: 'A'.repeat(43) };

    const decision = await record(controlPlane(), await enrollRequest({ botId, token: wrong, keys: makeMachineKeys() }));

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-refused' });
    expect((await record(controlPlane(), await enrollRequest({ botId, token, keys: makeMachineKeys() }))).state).toBe('accepted');
  });

  it('is refused when its sealing key was swapped on the way', async () => {
    const token = await makeEnrollmentToken(controlPlane(), { botId });
    const request = await enrollRequest({ botId, token, keys: makeMachineKeys() });

    const decision = await record(controlPlane(), { ...request, sealing_key: makeMachineKeys().sealing.publicJwk });

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-refused' });
  });

  it('is refused with a token of another bot', async () => {
    const other = await makeBot(api);
    const token = await makeEnrollmentToken(controlPlane(), { botId: other });

    const decision = await record(controlPlane(), await enrollRequest({ botId, token, keys: makeMachineKeys() }));

    expect(decision).toMatchObject({ state: 'refused', code: 'enrollment-refused' });
  });

  it('hears that it is superseded when a newer generation is wanted', async () => {
    await controlPlane().owner.prisma.bot.update({ where: { id: botId }, data: { machineGeneration: 2 } });

    expect((await enroll(controlPlane(), botId, 1)).decision).toMatchObject({ state: 'refused', code: 'machine-superseded' });
  });

  it('hears that its bot is gone', async () => {
    await api.delete(`/bots/${botId}`);

    expect((await enroll(controlPlane(), botId)).decision).toMatchObject({ state: 'refused', code: 'bot-decommissioned' });
  });

  it('does not keep others waiting when its request cannot be read', async () => {
    const { owner } = controlPlane();
    const id = (await makeEnrollmentToken(controlPlane(), { botId })).id;
    await owner.prisma.enrollmentRequest.create({ data: { id, botId, tokenId: id, request: { nonsense: true }, requestHash: id } });

    expect((await enroll(controlPlane(), botId)).decision.state).toBe('accepted');
    await until(async () => (await owner.prisma.enrollmentRequest.findUniqueOrThrow({ where: { id } })).state === 'refused', { timeoutMs: 8_000 });
  });
});
