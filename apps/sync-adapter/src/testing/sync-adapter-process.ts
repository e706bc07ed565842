import { execFile, spawn } from 'node:child_process';
import { request, type RequestListener } from 'node:http';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';

const app = resolve(__dirname, '..', '..');
const Listening = z.object({ msg: z.literal('listening'), url: z.url() });

export interface SyncAdapterProcess {
  pid: number;
  url: string;
  /** Hands every request on to the process: what supertest takes for an app. */
  app: RequestListener;
  /** Everything it has written so far. */
  output(): string;
  close(): Promise<void>;
}

/** The sync-adapter as it runs in production, bundled and in a process of its own, logging all there is to log. */
export async function startSyncAdapterProcess(databaseUrl: string): Promise<SyncAdapterProcess> {
  await promisify(execFile)(process.execPath, [resolve(app, '..', '..', 'tools', 'build.mjs'), app]);
  const child = spawn(process.execPath, [resolve(app, 'dist', 'main.js')], {
    cwd: app,
    env: { PATH: dirname(process.execPath), DATABASE_URL: databaseUrl, PORT: '0', INTERNAL_PORT: '0', LOG_LEVEL: 'trace' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const close = async (): Promise<void> => {
    if (!isOver()) child.kill('SIGTERM');
    await ended;
  };
  await until(() => listeningUrl(output) !== null || isOver(), { timeoutMs: 30_000 });
  const url = listeningUrl(output);
  if (url === null || child.pid === undefined) throw new Error(`the sync-adapter did not start:\n${output}`);
  return { pid: child.pid, url, app: forwardTo(url), output: () => output, close };
}

function listeningUrl(output: string): string | null {
  for (const line of output.split('\n')) {
    const parsed = Listening.safeParse(parseJson(line));
    if (parsed.success) return parsed.data.url;
  }
  return null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const forwardTo =
  (url: string): RequestListener =>
  (req, res) => {
    const onward = request(new URL(req.url ?? '/', url), { method: req.method, headers: req.headers, agent: false }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', (error) => res.destroy(error));
    req.pipe(onward);
  };
