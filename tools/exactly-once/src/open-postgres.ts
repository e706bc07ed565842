import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type OnStop } from '@trawling/runtime';
import { z } from 'zod';

const callable = <F>() => z.custom<F>((value) => typeof value === 'function');
const PgTool = z.object({
  startPostgres: callable<(options: { dataDir: string; settings: Record<string, string> }) => Promise<{ url: string; stop: () => Promise<void> }>>(),
});
const DbTool = z.object({ deploy: callable<(options: { databaseUrl: string; rolePasswords: Record<string, string> }) => Promise<unknown>>() });

/** A migrated Postgres of our own, gone after. Nothing of a run outlives it, so durability is only cost. */
export async function openPostgres(onStop: OnStop, root: string): Promise<{ databaseUrl: string; provisionerUrl: string }> {
  const tool = async (name: string): Promise<unknown> => import(pathToFileURL(join(root, 'tools', name)).href);
  const { startPostgres } = PgTool.parse(await tool('pg.mjs'));
  const { deploy } = DbTool.parse(await tool('db.mjs'));
  const folder = mkdtempSync(join(tmpdir(), 'trawling-exactly-once-'));
  onStop(() => rmSync(folder, { recursive: true, force: true }), 'Postgres folder');
  chmodSync(folder, 0o711); // as root, the server runs as another user who has to pass
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const server = await startPostgres({ dataDir: join(folder, 'data'), settings });
  onStop(() => server.stop(), 'Postgres');
  const password = randomBytes(24).toString('base64url');
  await deploy({ databaseUrl: server.url, rolePasswords: { trawling_provisioner: password } });
  const role = new URL(server.url);
  role.username = 'trawling_provisioner';
  role.password = password;
  return { databaseUrl: server.url, provisionerUrl: role.href };
}
