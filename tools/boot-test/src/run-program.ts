import { spawn } from 'node:child_process';

export class ProgramFailed extends Error {}

export type ProgramOptions = {
  cwd?: string;
  env?: Record<string, string | undefined>;
  input?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
};

/** Of a long output the end is what says why. */
const KEPT_CHARACTERS = 64_000;

/** What a program printed. Rejects with the end of its output when it fails, or takes longer than it may. */
export function runProgram(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const { cwd, env, input = '', timeoutMs = 120_000, signal } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
      ...(signal !== undefined && { signal }),
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => (output[name] = (output[name] + chunk.toString()).slice(-KEPT_CHARACTERS)));
    }
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code, by) => {
      if (code === 0) return resolve(output.stdout);
      const end = (output.stderr.trim() || output.stdout.trim()).split('\n').slice(-30).join('\n');
      reject(new ProgramFailed(`${program.split('/').at(-1)} ${args.slice(0, 3).join(' ')} ended with ${code ?? by}:\n${end}`));
    });
  });
}
