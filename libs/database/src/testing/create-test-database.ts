import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import { until } from '@trawling/runtime/testing';

export type AppRole = 'trawling_control_plane' | 'trawling_sync_adapter' | 'trawling_provisioner';

export type TestDatabase = {
  /** As the owner of everything. */
  url: string;
  /** As one app, with that app's rights only. */
  roleUrl: (role: AppRole) => string;
  /** Drops the database. Rejects when a connection to it is still open: whoever opened it should have closed it. */
  close: () => Promise<void>;
};

/** As in tools/jest/postgres-for-tests.mjs. */
const rolePassword = 'trawling-test';
const closingTakesMs = 3_000;

/** A migrated database of its own for one spec file, cloned from the run's template. Needs jest.preset.database.cjs. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = testServer();
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(server.url, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${escapeIdentifier(server.template)}`));
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    roleUrl: (role) => withUser(url, role),
    close: () => administer(server.url, (admin) => dropDatabase(admin, name)),
  };
}

function testServer(): { url: string; template: string } {
  const text = process.env['TRAWLING_TEST_DATABASE'];
  if (!text) throw new Error('createTestDatabase needs the preset jest.preset.database.cjs in jest.config.cjs');
  const server: unknown = JSON.parse(text);
  if (typeof server !== 'object' || server === null || !('url' in server) || !('template' in server)) {
    throw new Error('TRAWLING_TEST_DATABASE is not what start-postgres.cjs writes');
  }
  return { url: String(server.url), template: String(server.template) };
}

function withUser(url: URL, role: AppRole): string {
  const theirs = new URL(url);
  theirs.username = role;
  theirs.password = rolePassword;
  return theirs.href;
}

async function dropDatabase(admin: Client, name: string): Promise<void> {
  const open = async (): Promise<string[]> => {
    const { rows } = await admin.query<{ connection: string }>(
      `SELECT coalesce(nullif(application_name, ''), usename) || ': ' || left(query, 80) AS connection
         FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
      [name],
    );
    return rows.map((row) => row.connection);
  };
  // A session ends a moment after its client has closed it.
  await until(async () => (await open()).length === 0, { timeoutMs: closingTakesMs }).catch(() => undefined);
  const left = await open();
  await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
  if (left.length > 0) throw new Error(`the test left database connections open: ${left.join('; ')}`);
}

async function administer<T>(url: string, use: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.end();
  }
}
