import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

type Postgres = { url: string; pid: number; port: number; stop: () => Promise<void> };

const callable = <F>() => z.custom<F>((value) => typeof value === 'function');
const PgTool = z.object({
  startPostgres: callable<(options: { dataDir: string; settings: Record<string, string>; logFile: string }) => Promise<Postgres>>(),
});
const DbTool = z.object({
  deploy: callable<(options: { databaseUrl: string; rolePasswords: Record<string, string> }) => Promise<{ granted: boolean }>>(),
});

/** The repository's own scripts for Postgres: ES modules, so they are imported when they are needed. */
export async function importTools(root: string) {
  const tool = (name: string): Promise<unknown> => import(pathToFileURL(join(root, 'tools', name)).href);
  return { ...PgTool.parse(await tool('pg.mjs')), ...DbTool.parse(await tool('db.mjs')) };
}
