import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The agent as one file that Node can start; a spec file makes it once and removes it at its end. */
export async function bundleAgent(): Promise<{ file: string; content: string; remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-agent-'));
  const file = join(folder, 'agent.js');
  await build({
    entryPoints: [join(__dirname, '..', 'main.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@trawling/source'],
    logLevel: 'warning',
  });
  return { file, content: readFileSync(file, 'utf8'), remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface RunningAgent {
  child: ChildProcess;
  /** Standard output and error so far. */
  output(): string;
  /** Resolves with its exit code when it is gone. */
  gone: Promise<number | null>;
}

export function runAgent(file: string, args: string[], env: Record<string, string> = {}): RunningAgent {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return { child, output: () => output, gone: new Promise((resolve) => child.once('close', (code) => resolve(code))) };
}
