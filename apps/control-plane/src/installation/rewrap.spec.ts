import { createKeyring } from '@trawling/crypto';
import { replaceCiphertexts, secretsWrappedOtherwise } from '@trawling/database';
import { withReleasers } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { randomBytes } from 'node:crypto';
import { openControlPlane } from '../compose.js';
import { secretContext } from '../secrets/store-secret.js';
import { makeBot } from '../testing/bots.js';
import { type Api, unpublished, useControlPlane } from '../testing/open-test-control-plane.js';
import { runAdminOn } from '../testing/run-admin-on.js';
import { rewrap, type RewrapDeps } from './rewrap.js';

const controlPlane = useControlPlane();
let api: Api;
beforeAll(async () => {
  api = await controlPlane().as('operator');
});

/** MASTER_KEYS with a new current key before the old ones. */
const withNewKey = (id: string, old: string): string => `${id}:${randomBytes(32).toString('base64')},${old}`;
const newest = (masterKeys: string): string => masterKeys.split(',')[0] ?? '';
const run = async (masterKeys: string, ...args: string[]) => JSON.parse(await runAdminOn(controlPlane(), ['rewrap', '--json', ...args], masterKeys));

/** Columns of any table that hold an envelope of this master key. */
async function wrappedBy(keyId: string): Promise<string[]> {
  const { pool } = controlPlane().owner;
  const { rows } = await pool.query<{ name: string }>(
    "SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'",
  );
  const counts = await Promise.all(
    rows.map(async ({ name }) => ({ name, found: (await pool.query(`SELECT 1 FROM ${name} t WHERE t::text ~ $1`, [`v1\\.${keyId}\\.`])).rowCount ?? 0 })),
  );
  return counts.filter(({ found }) => found > 0).map(({ name }) => name);
}

/** What a control plane that starts with these master keys says that a human must look at. */
async function complaintsAtStart(masterKeys: string): Promise<object[]> {
  const { logger, lines } = createMemoryLogger();
  const { databaseUrl } = controlPlane();
  const opened = await withReleasers((onStop) => openControlPlane(onStop, { databaseUrl, masterKeys, logger, version: 'test', ...unpublished() }));
  await opened.stop();
  return lines().filter(({ level }) => level === 'error');
}

/** Whether a control plane starts with these master keys and knows the value of this secret. */
async function knows(masterKeys: string, botId: string, value: string): Promise<boolean> {
  expect(await complaintsAtStart(masterKeys)).toEqual([]);
  const { ciphertext } = await controlPlane().owner.prisma.botSecret.findFirstOrThrow({ where: { botId, NOT: { ciphertext: '' } } });
  const context = { bot_id: botId, name: 'llm_api_key', version: 1 };
  return createKeyring(masterKeys).unwrap(ciphertext, context).toString() === value;
}

describe('a rotation of the master key', () => {
  it('leaves nothing in any table that the old key is needed for, while the control plane runs on', async () => {
    const bots = await Promise.all(['a', 'b', 'c'].map((value) => makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: value } })));
    const both = withNewKey('k2', controlPlane().masterKeys);
    expect(await wrappedBy('test')).toEqual(expect.arrayContaining(['public.bot_secret', 'public.control_plane_key']));

    const result = await run(both);

    expect(result).toMatchObject({ current_key: 'k2', secrets: 3, keys: 2, failed: [], dry_run: false, envelopes: { k2: 5 } });
    expect(await wrappedBy('test')).toEqual([]);
    expect(await knows(newest(both), bots[0] ?? '', 'a')).toBe(true);
    // Back, so that the control plane of this file can go on.
    await runAdminOn(controlPlane(), ['rewrap'], [controlPlane().masterKeys, newest(both)].join(','));
    expect((await api.patch(`/bots/${bots[0]}`).send({ strictness: 'high' })).status).toBe(202);
  });

  it('counts without writing in a dry run', async () => {
    await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: 'dry' } });
    const both = withNewKey('k3', controlPlane().masterKeys);

    const result = await run(both, '--dry-run');

    expect(result).toMatchObject({ dry_run: true, keys: 2, envelopes: { test: result.secrets + 2 } });
    expect(await wrappedBy('k3')).toEqual([]);
  });

  it('goes on where it was stopped, a batch at a time', async () => {
    const both = withNewKey('k4', controlPlane().masterKeys);
    const botId = await makeBot(api, { owner_id: 'alice' });
    const { prisma, transaction } = controlPlane().owner;
    const names = Array.from({ length: 1_100 }, (_, index) => `s${index}`);
    const wrap = (name: string) => controlPlane().keyring.wrap(name, { bot_id: botId, name, version: 1 });
    await prisma.botSecret.createMany({ data: names.map((name) => ({ botId, name, version: 1, ciphertext: wrap(name) })) });
    const seen: number[] = [];
    const stopAfter = (batches: number): RewrapDeps['progress'] => ({ secrets }) => {
      seen.push(secrets);
      if (seen.length === batches) throw new Error('killed');
    };
    const deps = { transaction, keyring: createKeyring(both) };

    await expect(rewrap({ ...deps, progress: stopAfter(1) }, { dryRun: false })).rejects.toThrow('killed');
    const half = await prisma.botSecret.count({ where: { ciphertext: { startsWith: 'v1.k4.' } } });
    const rest = await rewrap({ ...deps, progress: () => undefined }, { dryRun: false });

    expect(half).toBe(500);
    expect(rest.secrets).toBeGreaterThanOrEqual(600);
    expect(await wrappedBy('test')).toEqual([]);
    expect(await rewrap({ ...deps, progress: () => undefined }, { dryRun: false })).toMatchObject({ secrets: 0, keys: 0 });
    await rewrap({ transaction, keyring: createKeyring([controlPlane().masterKeys, newest(both)].join(',')), progress: () => undefined }, { dryRun: false });
  });

  it('does not bring back a value that was erased between reading and writing it', async () => {
    const botId = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: 'erased' } });
    const { transaction, prisma } = controlPlane().owner;
    const keyring = createKeyring(withNewKey('k5', controlPlane().masterKeys));
    const [read] = await transaction((tx) => secretsWrappedOtherwise(tx, keyring.currentPrefix, { after: null, limit: 10_000 })).then((rows) =>
      rows.filter((row) => row.botId === botId),
    );
    if (!read) throw new Error('the secret was not found');

    expect((await api.delete(`/bots/${botId}/secrets/llm_api_key`)).status).toBe(202);
    const next = keyring.rewrap(read.ciphertext, secretContext(botId, read));
    const replaced = await transaction((tx) => replaceCiphertexts(tx, [{ ...read, next }]));

    expect(replaced).toBe(0);
    expect((await prisma.botSecret.findFirstOrThrow({ where: { botId } })).ciphertext).toBe('');
  });

  it.each([
    ['no key for our own keys', () => `other:${randomBytes(32).toString('base64')}`],
    ['another key of the same id', () => `test:${randomBytes(32).toString('base64')}`],
  ])('is refused with %s, before anything is written', async (_what, masterKeys) => {
    await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: 'kept' } });
    const { prisma } = controlPlane().owner;
    const stored = async () => [await prisma.controlPlaneKey.findMany({ orderBy: { kid: 'asc' } }), await prisma.botSecret.findMany({ orderBy: { botId: 'asc' } })];
    const before = await stored();

    await expect(run(masterKeys())).rejects.toThrow(/^MASTER_KEYS does not open the key \S+: it lacks the master key/);

    expect(await stored()).toEqual(before);
  });

  it('names what no key opens, does the rest, and ends with an error', async () => {
    const botId = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: 'lost', other: 'kept' } });
    const { prisma } = controlPlane().owner;
    const lost = createKeyring(`gone:${randomBytes(32).toString('base64')}`).wrap('lost', { bot_id: botId, name: 'llm_api_key', version: 1 });
    await prisma.botSecret.updateMany({ where: { botId, name: 'llm_api_key' }, data: { ciphertext: lost } });
    const both = withNewKey('k6', controlPlane().masterKeys);

    await expect(run(both)).rejects.toThrow(`MASTER_KEYS does not open:\n  secret llm_api_key version 1 of bot ${botId}`);

    expect(await wrappedBy('test')).toEqual([]);
    expect(await complaintsAtStart(both)).toEqual([expect.objectContaining({ master_key_id: 'gone', secrets: 1 })]);
    const list = JSON.parse(await runAdminOn(controlPlane(), ['list-keys', '--json'], both));
    expect(list.master_keys).toEqual([
      { id: 'k6', current: true, in_master_keys: true, envelopes: expect.any(Number) },
      { id: 'test', current: false, in_master_keys: true, envelopes: 0 },
      { id: 'gone', current: false, in_master_keys: false, envelopes: 1 },
    ]);
    await prisma.botSecret.deleteMany({ where: { botId, name: 'llm_api_key' } });
    await run([controlPlane().masterKeys, newest(both)].join(','));
  });
});
