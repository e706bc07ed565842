import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockHolder, takeLock } from './lock.js';
import { identify } from './process-table.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { boundsOf } from './wait.js';

const folder = temporaryFolder();
const bounds = () => boundsOf(5, new AbortController().signal);

describe('the lock on a state folder', () => {
  it('is held by this process until it is released', async () => {
    const file = join(folder, 'first.lock');

    const release = await takeLock(file, bounds());
    expect(lockHolder(file)?.pid).toBe(process.pid);
    release();

    expect(lockHolder(file)).toBeNull();
  });

  it('is taken over from a launcher that was killed, also when its id belongs to somebody else by now', async () => {
    const file = join(folder, 'stale.lock');
    writeFileSync(file, JSON.stringify({ pid: process.ppid, started: 'long ago' }));

    const release = await takeLock(file, bounds());

    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(identify(process.pid));
    release();
  });

  it('refuses while another launcher lives, and says what to do', async () => {
    const file = join(folder, 'held.lock');
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    writeFileSync(file, JSON.stringify(identify(other.pid ?? -1)));

    await expect(takeLock(file, boundsOf(0.2, new AbortController().signal))).rejects.toThrow(/already runs .* --state-dir/);

    other.kill('SIGKILL');
    const release = await takeLock(file, bounds());
    release();
  });
});
