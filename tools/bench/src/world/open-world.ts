import { type Database, openDatabase } from '@trawling/database';
import { type OnStop } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchFleet } from '../seed/bench-fleet.js';
import { type FleetKeys, makeBot, makeKeys, type SeededBot } from '../seed/make-fleet.js';
import { writeBots, writeInstallation } from '../seed/write-fleet.js';
import { checkMachine } from './check-machine.js';
import { type NodeProgram } from './find-node.js';
import { type RunningServer, startServer } from './start-server.js';
import { importTools } from './tools.js';

/** As docker/Dockerfile starts the sync-adapter. */
const AS_IN_PRODUCTION = { NODE_OPTIONS: '--max-semi-space-size=16', MALLOC_ARENA_MAX: '2' };

export type World = {
  /** The checkout. */
  root: string;
  /** Gone after. */
  folder: string;
  node: NodeProgram;
  db: Database;
  /** `url`: as the superuser. */
  postgres: { pid: number; version: string; url: string };
  keys: FleetKeys;
  bots: readonly SeededBot[];
  /** Path of a BenchFleet. */
  fleetFile: string;
  /** What simulates them. */
  fleetScript: string;
  /** The sync-adapter as production runs it, under its own role. */
  startSyncAdapter: () => Promise<RunningServer>;
  /** A baseline: another program that answers the same. */
  startBaseline: (kind: string, env?: Record<string, string>) => Promise<RunningServer>;
  /** One of our other servers, built. */
  startServer: (name: string, script: string, env: Record<string, string>) => Promise<RunningServer>;
  say: (line: string) => void;
};

export type WorldOptions = { root: string; dataFolder: string; bots: number; node: NodeProgram; say: (line: string) => void };

/** Postgres with fsync on, a fleet in it, and what it takes to start servers on it. All of it is gone after. */
export async function openWorld(onStop: OnStop, options: WorldOptions): Promise<World> {
  const { root, dataFolder, node, say } = options;
  mkdirSync(dataFolder, { recursive: true });
  checkMachine({ dataFolder, bots: options.bots });
  const folder = mkdtempSync(join(dataFolder, 'run-'));
  onStop(() => rmSync(folder, { recursive: true, force: true }), 'folder');

  const { startPostgres, deploy } = await importTools(root);
  const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), settings, logFile: join(folder, 'postgres.log') });
  onStop(() => server.stop(), 'Postgres');
  const password = randomBytes(24).toString('base64url');
  await deploy({ databaseUrl: server.url, rolePasswords: { trawling_sync_adapter: password } });
  const db = await openDatabase({ url: server.url, poolSize: 4 });
  onStop(() => db.close(), 'database connections');

  say(`Making ${options.bots} bots with keys, credentials and signed configs …`);
  const keys = await makeKeys();
  await writeInstallation(db, keys);
  const bots: SeededBot[] = [];
  for (let index = 0; index < options.bots; index++) bots.push(await makeBot(keys, index));
  await writeBots(db, keys, bots);
  const fleetFile = join(folder, 'fleet.json');
  writeFileSync(fleetFile, JSON.stringify(benchFleet(keys, bots)), { mode: 0o600 });

  const roleUrl = new URL(server.url);
  roleUrl.username = 'trawling_sync_adapter';
  roleUrl.password = password;
  const dist = join(root, 'tools/bench/dist');
  let started = 0;
  const start = async (name: string, script: string, env: Record<string, string>, args: string[] = []) => {
    started += 1;
    const running = await startServer({ name, node: node.path, script, args, env, logFile: join(folder, `${started}-${name}.log`) });
    onStop(() => running.stop(), name);
    return running;
  };
  return {
    root, folder, node, db, keys, bots, fleetFile, say,
    fleetScript: join(dist, 'fleet-process.js'),
    postgres: { pid: server.pid, version: await serverVersion(db), url: server.url },
    startServer: (name, script, env) => start(name, script, env),
    startSyncAdapter: () => start('sync-adapter', join(root, 'apps/sync-adapter/dist/main.js'), { DATABASE_URL: roleUrl.href, ...AS_IN_PRODUCTION }),
    startBaseline: (kind, env = {}) =>
      start(kind, join(dist, 'baseline-server.js'), { DATABASE_URL: roleUrl.href, FLEET_FILE: fleetFile, ...env }, [kind]),
  };
}

export const benchFleet = (keys: FleetKeys, bots: readonly SeededBot[]): BenchFleet => ({
  root_public_jwk: keys.rootPublicJwk,
  bots: bots.map(({ id, credential, first }) => ({ bot_id: id, generation: 1, credential, hash: first.payload.hash })),
});

async function serverVersion(db: Database): Promise<string> {
  const { rows } = await db.pool.query<{ version: string; fsync: string }>(
    "SELECT split_part(version(), ' ', 2) AS version, current_setting('fsync') AS fsync",
  );
  const [row] = rows;
  if (row?.fsync !== 'on') throw new Error('this Postgres runs without fsync: what it says is durable is not');
  return row.version;
}
