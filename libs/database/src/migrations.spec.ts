import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from './testing/index.js';

const databaseTool = join(__dirname, '../../../tools/db.mjs');

/** Runs tools/db.mjs as a deployment does. */
function runTool(databaseUrl: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [databaseTool, ...args], { encoding: 'utf8', env: { ...process.env, DATABASE_URL: databaseUrl } });
}

describe('the migrations', () => {
  let database: TestDatabase;
  let admin: Client;

  beforeAll(async () => {
    database = await createTestDatabase();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await database.close();
  });

  it('lead to exactly prisma/schema.prisma', () => {
    expect(runTool(database.url, 'check')).toMatchObject({ status: 0, stdout: 'schema and migrations agree\n' });
  });

  it('are, in the eyes of Prisma itself, applied and unedited', () => {
    const { status, stdout } = runTool(database.url, 'status');

    expect(status).toBe(0);
    const diagnosis: unknown = JSON.parse(stdout.slice(0, stdout.lastIndexOf('}') + 1));
    expect(diagnosis).toMatchObject({ editedMigrationNames: [], failedMigrationNames: [], history: null });
    expect(stdout).toContain('the database matches prisma/schema.prisma');
  });

  it('leave Prisma nothing to do when the partitions of metrics came and went meanwhile', async () => {
    await admin.query("SELECT metrics.make_partitions((now() AT TIME ZONE 'UTC')::date - 3, (now() AT TIME ZONE 'UTC')::date + 40)");
    await admin.query("SELECT metrics.drop_partitions((now() AT TIME ZONE 'UTC')::date - 1)");

    const { status, stdout } = runTool(database.url, 'status');

    expect(status).toBe(0);
    expect(stdout).toContain('the database matches prisma/schema.prisma');
  });

  it('can be deployed again, and by two at once', async () => {
    const before = await grantsNow(admin);

    const deploy = () => promisify(execFile)(process.execPath, [databaseTool, 'deploy'], { env: { ...process.env, DATABASE_URL: database.url } });
    const outputs = await Promise.all([deploy(), deploy()]);

    expect(outputs.map(({ stdout }) => stdout)).toEqual(Array(2).fill('migrations applied: none were missing; roles and grants: set\n'));

    expect(await grantsNow(admin)).toEqual(before);
  });

  it('stop at one that failed before, and say what to do', async () => {
    await admin.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '20000101000000_half_done')");

    const { status, stderr } = runTool(database.url, 'deploy');
    await admin.query("DELETE FROM _prisma_migrations WHERE id = 'x'");

    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: migration 20000101000000_half_done failed earlier: repair/);
  });

  it('go on with one line of warning when the user may not manage roles', async () => {
    const role = `limited_${process.pid}`;
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'limited'`);
    await admin.query(`CREATE DATABASE ${role} TEMPLATE template0 OWNER ${role}`);
    const url = new URL(database.url);
    url.pathname = `/${role}`;
    url.username = role;
    url.password = 'limited';

    const { status, stdout, stderr } = runTool(url.href, 'deploy', '--role-password', 'trawling_provisioner=other');
    await admin.query(`DROP DATABASE ${role}`);
    await admin.query(`DROP ROLE ${role}`);

    expect(status).toBe(0);
    expect(stdout).toContain('roles and grants: left alone');
    expect(stderr).toMatch(/^warning: this database user may not manage roles .*DATABASE_URL\n$/);
  });
});

async function grantsNow(admin: Client): Promise<unknown[]> {
  const { rows } = await admin.query(
    `SELECT relname, relacl::text, attname, attacl::text
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
      WHERE relnamespace IN ('public'::regnamespace, 'bullmq'::regnamespace) ORDER BY relname, attnum`,
  );
  return rows;
}
