import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { openApiFile } from '@trawling/digitalocean/testing';

export type PrismProxy = {
  readonly url: string;
  /** Lines in which Prism says what of a request or an answer is not as DigitalOcean describes it. */
  violations: () => string[];
  stop: () => Promise<void>;
};

/** Loading the description takes a second or two, more on a busy machine. */
const START_MS = 60_000;

/**
 * Prism between a client and the fake, with DigitalOcean's own description: a request that does not fit is answered
 * 422, an answer that does not fit becomes a 500. `description` is its file, for programs that were bundled.
 */
export async function startPrismProxy(options: { upstream: string; description?: string }): Promise<PrismProxy> {
  const port = await freePort();
  const manifest = require.resolve('@stoplight/prism-cli/package.json');
  const cli = join(dirname(manifest), 'dist/index.js');
  const args = ['proxy', options.description ?? openApiFile, options.upstream, '--host', '127.0.0.1', '--port', String(port), '--errors', '--multiprocess', 'false'];
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (line.includes('Prism is listening')) resolve();
      });
    }
  });
  const stop = () => end(child, exited);
  const failed = exited.then(() => Promise.reject(new Error(`Prism ended before it listened:\n${lines.join('\n')}`)));
  const late = AbortSignal.timeout(START_MS);
  const timedOut = once(late, 'abort').then(() => Promise.reject(new Error(`Prism did not listen within ${START_MS} ms:\n${lines.join('\n')}`)));
  for (const outcome of [failed, timedOut]) outcome.catch(() => undefined);
  try {
    await Promise.race([listening, failed, timedOut]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    violations: () => lines.filter((line) => /violation/i.test(line)),
    stop,
  };
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  await exited;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
