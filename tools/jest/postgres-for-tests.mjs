// Run by jest's global setup as a child: gives the run a Postgres with a migrated template database.
// Prints { url, template } as one line. Ends, and takes everything with it, when its stdin does: also when jest is killed.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { deploy, roles } from '../db.mjs';
import { startPostgres } from '../pg.mjs';

/** The app roles' password on test servers; roles belong to the server, so runs that share one must agree. */
const rolePassword = 'trawling-test';

/** Nothing of a test outlives it, so durability is only cost. */
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' };

async function openServer() {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return { url: given, close: async () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'trawling-test-postgres-'));
  chmodSync(folder, 0o711); // as root, the server runs as another user who has to pass
  const server = await startPostgres({ dataDir: join(folder, 'data'), settings, database: 'postgres' });
  const close = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: server.url, close };
}

async function administer(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function makeTemplate(url) {
  const template = `trawling_template_${randomBytes(6).toString('hex')}`;
  await administer(url, `CREATE DATABASE ${template} TEMPLATE template0`);
  const templateUrl = new URL(url);
  templateUrl.pathname = `/${template}`;
  const rolePasswords = Object.fromEntries(roles.map((role) => [role, rolePassword]));
  await deploy({ databaseUrl: templateUrl.href, rolePasswords });
  return template;
}

const stdinEnded = new Promise((resolve) => process.stdin.resume().once('end', resolve).once('error', resolve));
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => {}); // Ctrl-C also reaches jest, whose end we wait for

const server = await openServer();
try {
  const template = await makeTemplate(server.url);
  console.log(JSON.stringify({ url: server.url, template }));
  await stdinEnded;
  if (process.env.TEST_POSTGRES_URL) await administer(server.url, `DROP DATABASE ${template} WITH (FORCE)`);
} finally {
  await server.close();
}
