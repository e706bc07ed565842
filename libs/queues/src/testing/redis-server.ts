import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@trawling/runtime/testing';

export type RedisServer = {
  url: string;
  /** Breaks every client's connection, as a restarted proxy would. */
  cutConnections: () => Promise<void>;
  /** Rejects when a connection is still open: whoever opened it should have closed it. */
  close: () => Promise<void>;
};

/** Why specs cannot have a Redis here; null when they can. */
export function whyNoRedis(): string | null {
  return spawnSync('redis-server', ['--version']).status === 0 ? null : 'no redis-server on PATH: apt-get install redis-server';
}

/** A Redis of the spec file's own, in memory, on a free port. */
export async function startRedisServer(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-test-redis-'));
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  const url = `redis://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(async () => (await ask(port, 'PING')).startsWith('+PONG'));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    cutConnections: async () => {
      await ask(port, 'CLIENT KILL TYPE normal SKIPME yes');
    },
    close: async () => {
      const others = async (): Promise<number> => ((await ask(port, 'CLIENT LIST')).match(/^id=/gm)?.length ?? 1) - 1;
      const left = await until(async () => (await others()) === 0, { timeoutMs: 2_000 }).then(() => 0, others);
      await stop();
      if (left > 0) throw new Error(`the test left ${left} Redis connections open`);
    },
  };
}

/** One command over a bare connection: a client library would leave reconnecting and its timers behind. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [answer] = await once(socket, 'data');
    return String(answer);
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
