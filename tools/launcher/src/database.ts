import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '@trawling/runtime';
import { z } from 'zod';
import { identify, isAlive } from './process-table.js';
import { readOrMake, type StateDir } from './state-dir.js';
import { type Terminal } from './terminal.js';

export type Role = 'trawling_control_plane' | 'trawling_sync_adapter' | 'trawling_provisioner';

export type Database = {
  /** For migrations and the admin command. */
  url: string;
  /** For one app: its own narrow role, where the server lets us make roles. */
  urlFor: (role: Role) => string;
  /** Stops the embedded server; leaves anyone else's alone. */
  stop: () => Promise<void>;
};

type Postgres = { url: string; pid: number; port: number; stop: () => Promise<void> };
type StartOptions = { dataDir: string; port: number; detached: boolean; logFile: string };

const callable = <F>() => z.custom<F>((value) => typeof value === 'function');
const PgTool = z.object({
  startPostgres: callable<(options: StartOptions) => Promise<Postgres>>(),
  adoptPostgres: callable<(dataDir: string) => Promise<Postgres | null>>(),
});
const DbTool = z.object({
  deploy: callable<
    (options: { databaseUrl: string; rolePasswords: Record<string, string>; warn: (line: string) => void }) => Promise<{ granted: boolean }>
  >(),
});
const ErrorParts = z.object({ message: z.string().catch(''), code: z.string().catch('') }).catch({ message: '', code: '' });
const RolePasswords = z.record(z.string(), z.string());
const ROLES: Role[] = ['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'];

const importTool = (root: string, name: string): Promise<unknown> => import(pathToFileURL(join(root, 'tools', name)).href);

/**
 * A migrated database with the apps' roles: `externalUrl` when given, else the embedded Postgres in the state folder,
 * taken over when it still runs, started otherwise, and started again when it dies.
 */
export async function openDatabase(input: {
  root: string;
  state: StateDir;
  port: number;
  externalUrl: string | undefined;
  terminal: Terminal;
}): Promise<Database> {
  const { root, state, externalUrl, terminal } = input;
  const server = externalUrl === undefined ? await embedded(input) : null;
  const url = externalUrl ?? server?.url ?? '';
  const passwords = RolePasswords.parse(JSON.parse(readOrMake(state.secret('role-passwords.json'), makePasswords)));
  try {
    const { deploy } = DbTool.parse(await importTool(root, 'db.mjs'));
    const { granted } = await deploy({ databaseUrl: url, rolePasswords: passwords, warn: terminal.say });
    return {
      url,
      urlFor: (role) => (granted ? asRole(url, role, passwords[role] ?? '') : url),
      stop: async () => server?.stop(),
    };
  } catch (error) {
    await server?.stop();
    throw server ? error : unusable(error);
  }
}

/** One sentence on what to do. Node's error for a name with several addresses has a code and no message. */
export function unusable(error: unknown): Error {
  const { message, code } = ErrorParts.parse(error);
  return new Error(`The database of DATABASE_URL cannot be used (${message || code || 'no reason given'}): check that it runs and takes this address, user and password.`, { cause: error });
}

async function embedded({ root, state, port, terminal }: { root: string; state: StateDir; port: number; terminal: Terminal }) {
  const { startPostgres, adoptPostgres } = PgTool.parse(await importTool(root, 'pg.mjs'));
  const start = (): Promise<Postgres> =>
    startPostgres({ dataDir: state.postgres, port, detached: true, logFile: state.log('postgres') });
  const found = await adoptPostgres(state.postgres);
  let running = found ?? (await start());
  terminal.say(`Postgres: embedded, port ${running.port}${found ? ' (still running)' : ''}`);

  const stopping = new AbortController();
  const watching = (async () => {
    let identity = identify(running.pid);
    while (!stopping.signal.aborted) {
      await systemClock.sleep(500, stopping.signal);
      if (stopping.signal.aborted || (identity && isAlive(identity))) continue;
      terminal.say(`Postgres ended; starting it again (${state.log('postgres')})`);
      running = await start().catch((error: unknown) => (terminal.say(String(error)), running));
      identity = identify(running.pid);
    }
  })();
  return {
    url: running.url,
    stop: async () => {
      stopping.abort();
      await watching;
      await running.stop();
    },
  };
}

const makePasswords = (): string =>
  JSON.stringify(Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')])));

function asRole(url: string, role: Role, password: string): string {
  const mine = new URL(url);
  mine.username = role;
  mine.password = password;
  return mine.href;
}
