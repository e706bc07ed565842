import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '@trawling/runtime/testing';
import { makeSecrets } from './make-secrets.js';

/** The two servers that compose takes as images, and the volumes with the secrets, below `folder`. */
export async function openInstallation(folder: string, docker: string) {
  mkdirSync(folder, { recursive: true });
  // As root, Postgres runs as another user who has to pass.
  for (const each of [join(folder, '..'), folder]) chmodSync(each, 0o711);
  const [postgresPort, redisPort] = [await freePort(), await freePort()];
  const secrets = join(folder, 'secrets');
  makeSecrets({ docker, folder: secrets, databaseHost: `127.0.0.1:${postgresPort}/trawling` });

  const data = join(folder, 'postgres');
  copyFileSync(join(secrets, 'postgres/POSTGRES_PASSWORD'), `${data}.password`);
  const postgres = spawn(process.execPath, [join(docker, '../tools/pg.mjs'), '--data', data, '--port', String(postgresPort)], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  postgres.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const redis = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', folder], { stdio: 'ignore' });
  const close = async (): Promise<void> => void (await Promise.all([end(postgres), end(redis)]));
  try {
    // Its last word, when the database is there as well.
    await until(() => said.includes('DATABASE_URL='), { timeoutMs: 60_000 });
    await until(() => answers(redisPort), { timeoutMs: 20_000 });
  } catch (error) {
    await close();
    throw error;
  }
  return { secrets, redisUrl: `redis://127.0.0.1:${redisPort}`, close };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
