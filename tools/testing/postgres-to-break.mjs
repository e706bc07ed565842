// A child of the fault tests: a migrated Postgres, with fsync on, that can be crashed, stopped and set back to a copy.
//   node tools/testing/postgres-to-break.mjs <folder> <role passwords as JSON>
// Prints { url } as one line, then answers each line of stdin (crash, stop, start, dump, restore) with "ok" or an error.
// Ends, and takes the server with it, when its stdin does: also when the test run is killed.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { deploy } from '../db.mjs';
import { freePort, startPostgres } from '../pg.mjs';
import { isRunning } from '../postgres/process.mjs';

const [folder = '', rolePasswords = '{}'] = process.argv.slice(2);
chmodSync(folder, 0o711); // as root, the server runs as another user who has to pass
const dataDir = join(folder, 'postgres');
const options = { dataDir, port: await freePort(), logFile: join(folder, 'postgres.log') };
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => {}); // Ctrl-C also reaches jest, whose end we wait for

let server = await startPostgres(options);
await deploy({ databaseUrl: server.url, rolePasswords: JSON.parse(rolePasswords) });

/** With owners and modes: the server refuses files of somebody else. */
function copyFolder(from, to) {
  rmSync(to, { recursive: true, force: true });
  if (process.platform === 'linux') execFileSync('cp', ['-a', from, to]);
  else cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

const commands = {
  /** Immediate shutdown: sessions are cut, nothing is written out, and the start recovers from the log. */
  async crash() {
    process.kill(server.pid, 'SIGQUIT');
    while (isRunning(server.pid)) await sleep(20);
    server = await startPostgres(options);
  },
  stop: () => server.stop(),
  async start() {
    server = await startPostgres(options);
  },
  dump: () => copyFolder(dataDir, `${dataDir}.dump`),
  restore: () => copyFolder(`${dataDir}.dump`, dataDir),
};

console.log(JSON.stringify({ url: server.url }));
for await (const line of createInterface({ input: process.stdin })) {
  try {
    await commands[line]();
    console.log('ok');
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
}
await server.stop();
