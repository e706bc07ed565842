import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JsonObject, MACHINE_FILES, MACHINE_FOLDERS } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { isGatewayReady } from '../gateway/readyz.js';
import { untilGone } from './end-with-tests.js';
import { openclawRuntime } from './openclaw-runtime.js';

/** A cold start on a busy machine of two cores takes half a minute. */
const START_MS = 120_000;

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface RealGateway {
  /** The machine's directory, laid out as MACHINE_FILES says. */
  dir: string;
  port: number;
  token: string;
  httpUrl: string;
  wsUrl: string;
  /** Path of a file of MACHINE_FILES. */
  path(file: keyof typeof MACHINE_FILES): string;
  readConfig(): Promise<JsonObject>;
  /** Spawns the process; does not wait. */
  spawn(): void;
  whenReady(): Promise<void>;
  /** Resolves with the exit code once the process is gone. */
  exited(): Promise<number | null>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** What it logged so far. */
  log(): Promise<string>;
  /** Ends it and removes the directory. */
  stop(): Promise<void>;
}

/** A machine directory with the bootstrap config from `config(machine)`, and the real gateway on it. */
export async function startRealGateway(
  config: (machine: { dir: string; port: number; path: RealGateway['path'] }) => JsonObject,
): Promise<RealGateway> {
  const runtime = openclawRuntime();
  const dir = await mkdtemp(join(tmpdir(), 'agent-openclaw-'));
  const port = await freePort();
  const token = randomBytes(24).toString('base64url');
  const path: RealGateway['path'] = (file) => join(dir, MACHINE_FILES[file]);
  const logFile = join(dir, 'gateway.log');
  for (const folder of MACHINE_FOLDERS) await mkdir(join(dir, folder), { recursive: true, mode: 0o700 });
  await writeFile(path('gatewayToken'), token, { mode: 0o600 });
  await writeFile(path('openclawConfig'), JSON.stringify(config({ dir, port, path })), { mode: 0o600 });

  let child: ChildProcess | null = null;
  let gone: Promise<number | null> = Promise.resolve(null);

  const gateway: RealGateway = {
    dir,
    port,
    token,
    path,
    httpUrl: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    readConfig: async () => JSON.parse(await readFile(path('openclawConfig'), 'utf8')),
    log: () => readFile(logFile, 'utf8'),
    spawn: () => {
      const log = openSync(logFile, 'a');
      const started = spawn(runtime.node, [runtime.openclawMjs, 'gateway', 'run', '--port', String(port), '--bind', 'loopback'], {
        cwd: dir,
        stdio: ['ignore', log, log],
        env: {
          PATH: process.env['PATH'],
          HOME: dir,
          OPENCLAW_STATE_DIR: path('openclaw'),
          OPENCLAW_CONFIG_PATH: path('openclawConfig'),
          // No NODE_COMPILE_CACHE: with it OpenClaw starts itself once more, and a kill would hit only the starter.
          OPENCLAW_NO_RESPAWN: '1',
        },
      });
      closeSync(log);
      child = started;
      gone = untilGone(started);
    },
    whenReady: async () => {
      await until(() => isGatewayReady(gateway.httpUrl), { timeoutMs: START_MS, intervalMs: 150, message: 'the gateway is not ready' });
    },
    exited: () => gone,
    kill: async (signal) => {
      child?.kill(signal);
      return gone;
    },
    stop: async () => {
      child?.kill('SIGKILL');
      await gone;
      await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };

  gateway.spawn();
  try {
    await gateway.whenReady();
  } catch (error) {
    await gateway.stop();
    throw error;
  }
  return gateway;
}
