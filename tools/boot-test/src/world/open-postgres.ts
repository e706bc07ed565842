import { type OnStop } from '@trawling/runtime';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

export type Postgres = { url: string; urlFor: (role: string) => string };

const Ready = z.object({ url: z.string() });

/** A migrated Postgres of its own; it also ends when we are killed. */
export async function openPostgres(onStop: OnStop, input: { checkout: string; folder: string; passwords: Record<string, string> }): Promise<Postgres> {
  const script = join(input.checkout, 'tools/testing/postgres-to-break.mjs');
  const child = spawn(process.execPath, [script, input.folder, JSON.stringify(input.passwords)], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  onStop(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  }, 'Postgres');
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`Postgres did not start (${code})`)));
  });
  const { url } = Ready.parse(JSON.parse(line));
  return {
    url,
    urlFor: (role) => {
      const mine = new URL(url);
      mine.username = role;
      mine.password = input.passwords[role] ?? '';
      return mine.href;
    },
  };
}
