import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { checkout } from '../launch.js';

export type RigPostgres = {
  url: string;
  urlFor: (role: string) => string;
  /** Ends at once, as a power cut does, and comes back on the same port. */
  crash: () => Promise<void>;
  stop: () => Promise<void>;
  start: () => Promise<void>;
  /** Keeps a copy of the server's files; `restore` puts them back. Both only while it is stopped. */
  dump: () => Promise<void>;
  restore: () => Promise<void>;
  close: () => Promise<void>;
};

const Ready = z.object({ url: z.string() });

/** A migrated Postgres of its own, with fsync on, that can be crashed, stopped and set back to a copy. */
export async function openRigPostgres(folder: string, rolePasswords: Record<string, string>): Promise<RigPostgres> {
  const script = join(checkout, 'tools/testing/postgres-to-break.mjs');
  const child = spawn(process.execPath, [script, folder, JSON.stringify(rolePasswords)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Postgres of the fault tests ended');
    return value;
  };
  const { url } = Ready.parse(JSON.parse(await nextLine()));
  const tell = (command: string) => async (): Promise<void> => {
    child.stdin.write(`${command}\n`);
    const answer = await nextLine();
    if (answer !== 'ok') throw new Error(`${command}: ${answer}`);
  };

  return {
    url,
    urlFor: (role) => {
      const mine = new URL(url);
      mine.username = role;
      mine.password = rolePasswords[role] ?? '';
      return mine.href;
    },
    crash: tell('crash'), stop: tell('stop'), start: tell('start'), dump: tell('dump'), restore: tell('restore'),
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
