// Applies prisma/migrations the way `prisma migrate deploy` does: same table, same checksums, same advisory lock.
// So a machine that can run the native Prisma command line may use it on the same database and folder.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const prismaFolder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'prisma');
export const migrationsFolder = join(prismaFolder, 'migrations');

/** The advisory lock that Prisma's own engine takes: two deploys never run at once. */
const prismaLock = 72707369;

/** Prisma's bookkeeping, as its engine creates it. */
const createTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

/** @returns {{ name: string, sql: string, checksum: string }[]} every migration of the folder, oldest first */
export function readMigrations(folder = migrationsFolder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return names.sort().map((name) => {
    const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8');
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
  });
}

/**
 * Applies what is missing; returns the names. Throws when an earlier migration is half done.
 * @param {import('pg').Client} client a connection of its own: the lock lasts as long as the connection
 */
export async function applyMigrations(client, { migrations = readMigrations(), warn = console.warn } = {}) {
  await client.query('SELECT pg_advisory_lock($1)', [prismaLock]);
  try {
    await client.query(createTable);
    const known = await knownMigrations(client);
    const applied = [];
    for (const migration of migrations) {
      const before = known.get(migration.name);
      if (before === undefined) {
        await applyOne(client, migration);
        applied.push(migration.name);
      } else if (before !== migration.checksum) {
        warn(`warning: migration ${migration.name} was changed after it had been applied`);
      }
    }
    return applied;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [prismaLock]).catch(() => {});
  }
}

/** Name → checksum of what has been applied. */
async function knownMigrations(client) {
  const { rows } = await client.query('SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL');
  const unfinished = rows.find((row) => row.finished_at === null);
  if (unfinished) {
    throw new Error(
      `migration ${unfinished.migration_name} failed earlier: repair the database, then set rolled_back_at (try again) or finished_at (done) in _prisma_migrations`,
    );
  }
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

/** The row is written first and finished after, so that a crash in between leaves a trace. */
async function applyOne(client, { name, sql, checksum }) {
  const id = randomUUID();
  await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [id, checksum, name]);
  try {
    await client.query(sql);
  } catch (error) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, String(error)]);
    throw new Error(`migration ${name} failed: ${error.message}`, { cause: error });
  }
  await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id]);
}
