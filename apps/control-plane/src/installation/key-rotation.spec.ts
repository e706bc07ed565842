import { BotConfigPayload, type SigningKeySet, SigningKeySet as KeySet } from '@trawling/contracts';
import { createKeyring, openSealedSecret, verifyConfigSignature, verifyKeySet } from '@trawling/crypto';
import { randomBytes } from 'node:crypto';
import { makeBot, view } from '../testing/bots.js';
import { enroll, type MachineKeys } from '../testing/enroll.js';
import { runAdminOn } from '../testing/run-admin-on.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
const SECRET = 'sk-rotation-value';
let api: Api;
let botId: string;
let keys: MachineKeys;
beforeEach(async () => {
  api = await controlPlane().as('operator');
  botId = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: SECRET } });
  keys = (await enroll(controlPlane(), botId)).keys;
});

const admin = (...args: string[]) => runAdminOn(controlPlane(), args);
const wrongMasterKeys = () => `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
const rotate = async () => JSON.parse(await admin('rotate-signing-key', '--root-key', controlPlane().rootKeyFile, '--json'));
const retire = (kid: string) => admin('retire-signing-key', '--kid', kid, '--root-key', controlPlane().rootKeyFile, '--json');
const kidInUse = async (): Promise<string> => {
  const [newest] = await controlPlane().owner.prisma.controlPlaneKey.findMany({ where: { purpose: 'signing', retiredAt: null }, orderBy: { createdAt: 'desc' } });
  return newest?.kid ?? '';
};

/** The key set as an agent takes it over that holds version `minVersion`. */
async function trustedSet(minVersion = 0): Promise<SigningKeySet> {
  const { keySet } = await controlPlane().owner.prisma.installation.findFirstOrThrow();
  return verifyKeySet({ jws: keySet, rootPublicJwk: controlPlane().rootPublicJwk, minVersion });
}

/** What the sync-adapter would serve: the desired version with its newest signature. */
async function served(id = botId) {
  const { prisma } = controlPlane().owner;
  const bot = await prisma.bot.findUniqueOrThrow({ where: { id } });
  const where = { botId: id, version: bot.desiredVersion };
  const row = await prisma.configVersion.findUniqueOrThrow({ where: { botId_version: where } });
  const [signature] = await prisma.configSignature.findMany({ where, orderBy: [{ createdAt: 'desc' }, { kid: 'desc' }] });
  return { payload: BotConfigPayload.parse(JSON.parse(row.payload)), text: row.payload, kid: signature?.kid, jws: signature?.jws ?? '' };
}

async function openSecretWith(keySet: SigningKeySet) {
  const { credentialId, sealing } = keys;
  const row = await controlPlane().owner.prisma.sealedSecret.findFirstOrThrow({ where: { botId, credentialId } });
  return openSealedSecret({ jwe: row.jwe, sealingPrivateJwk: sealing.privateJwk, keySet, expected: { bot_id: botId, name: 'llm_api_key', version: 1 } });
}

describe('a rotation of the signing key', () => {
  it('signs every desired config anew and changes neither its bytes nor its hash nor its version', async () => {
    const before = await served();

    const { kid, key_set_version } = await rotate();

    const after = await served();
    expect([after.text, after.payload.hash, after.kid]).toEqual([before.text, before.payload.hash, kid]);
    const keySet = await trustedSet();
    expect(keySet.version).toBe(key_set_version);
    await expect(verifyConfigSignature({ jws: after.jws, payload: after.payload, keySet })).resolves.toBeUndefined();
    await expect(verifyConfigSignature({ jws: before.jws, payload: before.payload, keySet })).resolves.toBeUndefined();
  });

  it('holds for a control plane that was running before it, without a restart', async () => {
    const { kid } = await rotate();

    await api.patch(`/bots/${botId}`).send({ strictness: 'high' }).expect(202);
    const second = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: SECRET } });

    expect([(await served()).kid, (await served(second)).kid]).toEqual([kid, kid]);
  });

  it('seals every secret in use again, so that nothing needs the old key', async () => {
    const old = await trustedSet();
    expect((await openSecretWith(old)).value).toBe(SECRET);

    const { kid } = await rotate();

    const onlyNew = KeySet.parse({ ...(await trustedSet()), keys: (await trustedSet()).keys.filter((key) => key.kid === kid) });
    expect((await openSecretWith(onlyNew)).value).toBe(SECRET);
    await expect(openSecretWith(old)).rejects.toMatchObject({ reason: 'unknown-key' });
  });

  it('can be interrupted after the new key is out, and finished later', async () => {
    await rotate();
    const { prisma } = controlPlane().owner;
    const current = await kidInUse();
    await prisma.configSignature.deleteMany({ where: { botId, kid: current } });
    await prisma.sealedSecret.updateMany({ where: { botId }, data: { signedBy: null } });

    const first = JSON.parse(await admin('resign', '--json'));
    const second = JSON.parse(await admin('resign', '--json'));

    expect(first).toMatchObject({ kid: current, configs: 1, secrets: 1, failed: [] });
    expect(second).toMatchObject({ kid: current, configs: 0, secrets: 0, failed: [] });
  });

  it('lets a bot that was away longer than the overlap recover with the root key alone', async () => {
    const held = await trustedSet();
    const oldKid = await kidInUse();
    await rotate();
    await retire(oldKid);
    const gone = (await trustedSet()).version;
    await rotate();
    await api.patch(`/bots/${botId}`).send({ strictness: 'high' }).expect(202);

    const { jws, payload } = await served();
    await expect(verifyConfigSignature({ jws, payload, keySet: held })).rejects.toMatchObject({ reason: 'unknown-key' });
    const recovered = await trustedSet(held.version);

    expect(recovered.version).toBeGreaterThan(gone);
    await expect(verifyConfigSignature({ jws, payload, keySet: recovered })).resolves.toBeUndefined();
    expect((await openSecretWith(recovered)).value).toBe(SECRET);
  });

  it('leaves nothing to the old key that was signed while it happened', async () => {
    const patches = Array.from({ length: 6 }, (_, index) => api.patch(`/bots/${botId}`).send({ persona: index % 2 ? 'tweaker' : 'beginner' }));

    const [{ kid }] = await Promise.all([rotate(), ...patches]);

    expect((await served()).kid).toBe(kid);
  });

  it('makes a key that signs also when the clock of the key before was ahead', async () => {
    const { prisma } = controlPlane().owner;
    const ahead = new Date(Date.now() + 3_600_000);
    await prisma.controlPlaneKey.update({ where: { kid: await kidInUse() }, data: { createdAt: ahead } });

    const { kid } = await rotate();

    expect([await kidInUse(), (await served()).kid]).toEqual([kid, kid]);
  });

  it('is refused with another root key than the machines pin, and changes nothing', async () => {
    const before = await trustedSet();

    await expect(admin('rotate-signing-key', '--root-key', controlPlane().otherRootKeyFile)).rejects.toThrow(/another root key/);

    expect(await trustedSet()).toEqual(before);
  });

  it.each([
    ['other master keys', wrongMasterKeys],
    ['another master key of the same id', () => `test:${randomBytes(32).toString('base64')}`],
  ])('is refused with %s than the control planes have, and changes nothing', async (_what, masterKeys) => {
    const before = [await trustedSet(), await controlPlane().owner.prisma.controlPlaneKey.findMany()];

    const rotation = runAdminOn(controlPlane(), ['rotate-signing-key', '--root-key', controlPlane().rootKeyFile], masterKeys());

    await expect(rotation).rejects.toThrow(/^MASTER_KEYS does not open the key \S+: it lacks the master key this installation was made with$/);
    expect([await trustedSet(), await controlPlane().owner.prisma.controlPlaneKey.findMany()]).toEqual(before);
    await api.patch(`/bots/${botId}`).send({ strictness: 'high' }).expect(202);
  });
});

describe('a signing key that a running control plane cannot open', () => {
  it('answers changes with 503 and says in the log what to do, until it opens', async () => {
    const { kid } = await rotate();
    const { prisma } = controlPlane().owner;
    const { privateKey } = await prisma.controlPlaneKey.findUniqueOrThrow({ where: { kid } });
    const elsewhere = createKeyring(wrongMasterKeys()).wrap('lost', { control_plane_key: kid });
    await prisma.controlPlaneKey.update({ where: { kid }, data: { privateKey: elsewhere } });
    const logged = controlPlane().logs.length;

    const refused = await api.patch(`/bots/${botId}`).send({ strictness: 'high' });

    expect([refused.status, refused.body.code, refused.headers['retry-after']]).toEqual([503, 'unavailable', '5']);
    const lines = controlPlane().logs.slice(logged).map((line) => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ kid, msg: expect.stringContaining('MASTER_KEYS') }));
    await prisma.controlPlaneKey.update({ where: { kid }, data: { privateKey } });
    await api.patch(`/bots/${botId}`).send({ strictness: 'high' }).expect(202);
  });
});

describe('retiring a signing key', () => {
  it('takes it out of the key set and forgets its private half', async () => {
    const old = await kidInUse();
    const before = await served();
    await rotate();

    await retire(old);

    const keySet = await trustedSet();
    expect(keySet.keys.map((key) => key.kid)).not.toContain(old);
    await expect(verifyConfigSignature({ jws: before.jws, payload: before.payload, keySet })).rejects.toMatchObject({ reason: 'unknown-key' });
    expect(await controlPlane().owner.prisma.controlPlaneKey.findUniqueOrThrow({ where: { kid: old } })).toMatchObject({ privateKey: '', retiredAt: expect.any(Date) });
  });

  it('is refused for the key that signs, for one that is not there, and for one that is retired', async () => {
    await expect(retire(await kidInUse())).rejects.toThrow(/signs now/);
    await expect(retire('nonsense')).rejects.toThrow(/no signing key nonsense/);
    await expect(retire('-Vonsense')).rejects.toThrow(/no signing key -Vonsense/);
    const old = await kidInUse();
    await rotate();
    await retire(old);
    await expect(retire(old)).rejects.toThrow(/no signing key/);
  });

  it.each([
    ['a config', async (kid: string) => controlPlane().owner.prisma.configSignature.deleteMany({ where: { botId, NOT: { kid } } }), /1 configs and 0 sealed/],
    ['a sealed secret', async (kid: string) => controlPlane().owner.prisma.sealedSecret.updateMany({ where: { botId }, data: { signedBy: kid } }), /0 configs and 1 sealed/],
  ])('is refused while %s of a living bot is signed by it alone', async (_what, undo, message) => {
    const old = await kidInUse();
    await rotate();
    await undo(old);

    await expect(retire(old)).rejects.toThrow(message);

    await admin('resign');
    await expect(retire(old)).resolves.toContain(old);
  });

  it('does not wait for bots that are decommissioned', async () => {
    const old = await kidInUse();
    await api.delete(`/bots/${botId}`).expect(202);
    await rotate();

    expect((await served()).kid).toBe(old);
    await expect(retire(old)).resolves.toContain(old);
  });
});

describe('admin list-keys', () => {
  it('shows which key signs, which are still trusted, and how much each has signed', async () => {
    const old = await kidInUse();
    const { kid, key_set_version } = await rotate();

    const list = JSON.parse(await admin('list-keys', '--json'));

    expect(list.key_set_version).toBe(key_set_version);
    expect(list.keys.find((key: { kid: string }) => key.kid === kid)).toMatchObject({ state: 'signs', purpose: 'signing', retired_at: null });
    expect(list.keys.find((key: { kid: string }) => key.kid === old)).toMatchObject({ state: 'trusted' });
    expect(list.master_keys).toEqual([{ id: 'test', current: true, in_master_keys: true, envelopes: expect.any(Number) }]);
    expect(JSON.stringify(list)).not.toContain('private');
    expect(await admin('list-keys')).toContain(kid);
  });

  it('counts no configs for a retired key: nothing needs it', async () => {
    const old = await kidInUse();
    await rotate();
    await retire(old);

    const { keys } = JSON.parse(await admin('list-keys', '--json'));

    expect(keys.find((key: { kid: string }) => key.kid === old)).toMatchObject({ state: 'retired', configs: null });
    expect((await admin('list-keys')).split('\n').find((line) => line.includes(old))).toMatch(/Z {2}–$/);
  });
});

it('leaves what the owner sees as it was', async () => {
  const before = await view(api, botId);
  await rotate();

  expect(await view(api, botId)).toEqual(before);
});
