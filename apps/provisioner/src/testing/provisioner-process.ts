import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '@trawling/runtime/testing';
import { writeFakeOpenclaw } from './fake-programs.js';

const APP = join(__dirname, '..', '..');

/** The app as it is shipped. */
export async function buildProvisioner(): Promise<void> {
  await promisify(execFile)(process.execPath, [join(APP, '..', '..', 'tools', 'build.mjs')], { cwd: APP });
}

/** A cache in which a made-up OpenClaw "is installed", and the manifest that pins it. */
export function writeFakeRuntime(root: string): { cacheDir: string; manifestDir: string } {
  const manifestDir = join(root, 'manifest');
  mkdirSync(manifestDir, { recursive: true });
  const files = { 'package.json': JSON.stringify({ dependencies: { openclaw: '2026.9.6' } }), 'package-lock.json': '{}' };
  const digest = createHash('sha256');
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(manifestDir, name), content);
    digest.update(content);
  }
  const cacheDir = join(root, 'cache');
  const folder = join(cacheDir, `openclaw-2026.9.6-${process.platform}-${process.arch}-${digest.digest('hex').slice(0, 16)}`);
  const runtime = writeFakeOpenclaw(folder);
  writeFileSync(join(folder, 'verified.json'), JSON.stringify(runtime));
  return { cacheDir, manifestDir };
}

export type ProvisionerProcess = {
  pid: number;
  log: () => string;
  /** Resolves with the exit code when the process has ended; null after a signal. */
  end: (signal: NodeJS.Signals) => Promise<number | null>;
};

/** Starts the built app; resolves when it listens. */
export async function startProvisioner(env: Record<string, string>): Promise<ProvisionerProcess> {
  const child: ChildProcess = spawn(process.execPath, [join(APP, 'dist', 'main.js')], {
    env: { PATH: process.env['PATH'], PORT: '0', LOG_LEVEL: 'debug', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, 'exit');
  await until(() => log.includes('"msg":"listening"') || child.exitCode !== null, { timeoutMs: 30_000 });
  if (child.exitCode !== null) throw new Error(`the provisioner ended with ${child.exitCode}: ${log}`);
  return {
    pid: child.pid ?? 0,
    log: () => log,
    async end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
}
