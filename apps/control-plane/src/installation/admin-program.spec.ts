import { Ed25519PublicJwk } from '@trawling/contracts';
import { generateEd25519, hashToken, verifyKeySet } from '@trawling/crypto';
import { type Database, openDatabase } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { sha256Of } from '@trawling/domain';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminProgram } from './admin-program.js';

let test: TestDatabase;
let db: Database;
let folder: string;
const env: Record<string, string> = { MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}` };
const root = generateEd25519();

beforeAll(async () => {
  test = await createTestDatabase();
  db = await openDatabase({ url: test.url, poolSize: 2 });
  env['DATABASE_URL'] = test.roleUrl('trawling_control_plane');
  folder = mkdtempSync(join(tmpdir(), 'trawling-admin-'));
  writeFileSync(join(folder, 'root.json'), JSON.stringify(root.privateJwk));
  writeFileSync(join(folder, 'agent.js'), 'console.log(1)');
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await db.close();
  await test.close();
});

/** What the command printed; rejects with what it refused. */
async function admin(args: string[], overrides: Record<string, string> = {}): Promise<string> {
  const printed: string[] = [];
  const program = adminProgram({ version: '1.2.3', env: { ...env, ...overrides }, print: (line) => void printed.push(line), note: () => undefined });
  for (const command of [program, ...program.commands]) command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(args, { from: 'user' });
  return printed.join('\n');
}

const init = (overrides?: Record<string, string>) =>
  admin(['init', '--root-key', join(folder, 'root.json'), '--queue-backend', 'postgres', '--json'], overrides);

describe('admin init', () => {
  it('makes the installation once, with a key set that the root key signed', async () => {
    const first = JSON.parse(await init());
    const second = JSON.parse(await init());

    expect(first).toMatchObject({ created: true, queue_backend: 'postgres' });
    expect(second).toEqual({ ...first, created: false });
    const row = await db.prisma.installation.findFirstOrThrow();
    const keySet = await verifyKeySet({ jws: row.keySet, rootPublicJwk: Ed25519PublicJwk.parse(row.rootPublicJwk), minVersion: 0 });
    expect(keySet).toMatchObject({ version: 1, keys: [{ kid: expect.any(String) }] });
  });

  it('keeps no private key in the clear', async () => {
    const rows = await db.prisma.controlPlaneKey.findMany();

    expect(rows.map((row) => row.purpose).sort()).toEqual(['signing', 'token-sealing']);
    expect(rows.every((row) => row.privateKey.startsWith('v1.k1.'))).toBe(true);
    const stored = JSON.stringify([rows, await db.prisma.installation.findFirst(), await db.prisma.auditEntry.findMany()]);
    expect(stored).not.toContain(root.privateJwk.d);
    expect(stored).not.toContain('"d"');
  });

  it.each([
    ['another root key', async () => {
      const other = join(folder, 'other.json');
      writeFileSync(other, JSON.stringify(generateEd25519().privateJwk));
      return admin(['init', '--root-key', other, '--queue-backend', 'postgres']);
    }, /another root key/],
    ['another queue', () => admin(['init', '--root-key', join(folder, 'root.json'), '--queue-backend', 'redis']), /uses postgres/],
    ['other master keys', () => init({ MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}` }), /MASTER_KEYS does not open/],
    ['a file that is no key', () => admin(['init', '--root-key', join(folder, 'agent.js'), '--queue-backend', 'postgres']), /no private Ed25519 JWK/],
  ])('refuses %s', async (_what, run, message) => {
    await expect(run()).rejects.toThrow(message);
  });
});

describe('admin create-api-key and revoke-api-key', () => {
  it('print a key once, keep its hash, and end it', async () => {
    const { id, key } = JSON.parse(await admin(['create-api-key', '--name', 'app', '--role', 'owner', '--owner', 'alice', '--json']));

    expect(await db.prisma.apiKey.findUniqueOrThrow({ where: { id } })).toMatchObject({
      name: 'app',
      role: 'owner',
      ownerId: 'alice',
      secretHash: hashToken(key),
      revokedAt: null,
    });
    await admin(['revoke-api-key', id]);
    expect((await db.prisma.apiKey.findUniqueOrThrow({ where: { id } })).revokedAt).not.toBeNull();
    expect(JSON.stringify(await db.prisma.auditEntry.findMany())).not.toContain(key.slice(-43));
  });

  it('print nothing but the key without --json', async () => {
    expect(await admin(['create-api-key', '--name', 'app', '--role', 'viewer'])).toMatch(/^ttk_[0-9a-f-]{36}_[A-Za-z0-9_-]{43}$/);
  });

  it.each([
    ['an owner’s key without an owner', ['create-api-key', '--name', 'x', '--role', 'owner'], /needs an owner/],
    ['an unknown role', ['create-api-key', '--name', 'x', '--role', 'king'], /Allowed choices/],
    ['a key that is not there', ['revoke-api-key', '0199a000-0000-7000-8000-000000000001'], /No API key/],
    ['an id that is none, in a sentence', ['revoke-api-key', 'nonsense'], /^error: command-argument value 'nonsense' is invalid for argument 'id'\. Expected a UUID\.$/],
    ['an owner that is none, in a sentence', ['create-api-key', '--name', 'x', '--role', 'owner', '--owner', ''], /^error: option '--owner <owner id>' argument '' is invalid\. Expected 1 to 100 letters/],
  ])('refuse %s', async (_what, args, message) => {
    await expect(admin(args)).rejects.toThrow(message);
  });
});

describe('admin publish-agent', () => {
  it('stores the file under its digest; again changes nothing', async () => {
    const file = join(folder, 'agent.js');

    const sha256 = await admin(['publish-agent', '--file', file]);
    await admin(['publish-agent', '--file', file]);

    expect(sha256).toBe(sha256Of('console.log(1)'));
    const builds = await db.prisma.agentBuild.findMany();
    expect(builds).toMatchObject([{ sha256, version: '1.2.3' }]);
    expect(Buffer.from(builds[0]?.content ?? []).toString()).toBe('console.log(1)');
    expect(await db.prisma.auditEntry.count({ where: { action: 'publish-agent' } })).toBe(1);
  });

  it('makes an older build the newest again', async () => {
    writeFileSync(join(folder, 'agent-2.js'), 'console.log(2)');
    await admin(['publish-agent', '--file', join(folder, 'agent-2.js'), '--agent-version', '2.0.0']);

    await admin(['publish-agent', '--file', join(folder, 'agent.js')]);

    const newest = await db.prisma.agentBuild.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
    expect(newest.version).toBe('1.2.3');
  });
});

describe('admin publish-openclaw', () => {
  const lock = join(__dirname, '../../../../tools/openclaw-runtime/package-lock.json');

  it('stores the lock under its digest with what it pins; again changes nothing', async () => {
    const sha256 = await admin(['publish-openclaw', '--lock', lock]);
    await admin(['publish-openclaw', '--lock', lock]);

    expect(sha256).toBe(sha256Of(readFileSync(lock)));
    const locks = await db.prisma.openclawLock.findMany();
    expect(locks).toMatchObject([{ sha256, packages: { openclaw: { version: locks[0]?.openclawVersion, lock_sha256: sha256 } } }]);
    expect(Buffer.compare(Buffer.from(locks[0]?.content ?? []), readFileSync(lock))).toBe(0);
    expect(await db.prisma.auditEntry.count({ where: { action: 'publish-openclaw' } })).toBe(1);
  });

  it('makes an older lock of the same OpenClaw the newest again', async () => {
    const other = join(folder, 'other-lock.json');
    writeFileSync(other, `${readFileSync(lock, 'utf8')}\n`);
    await admin(['publish-openclaw', '--lock', other]);

    const sha256 = await admin(['publish-openclaw', '--lock', lock]);

    expect(await db.prisma.openclawLock.findFirstOrThrow({ orderBy: { createdAt: 'desc' } })).toMatchObject({ sha256 });
  });

  it('refuses a lock that pins no OpenClaw', async () => {
    const file = join(folder, 'empty-lock.json');
    writeFileSync(file, '{"packages":{}}');

    await expect(admin(['publish-openclaw', '--lock', file])).rejects.toThrow('node_modules/openclaw');
  });
});

describe('the environment of the admin command', () => {
  it('is checked before anything is done, all at once and without repeating values', async () => {
    await expect(init({ DATABASE_URL: 'mysql://x', MASTER_KEYS: 'k1:dG9vLXNob3J0' })).rejects.toThrow(/DATABASE_URL.*\n.*MASTER_KEYS.*8? ?bytes/s);
  });
});
