import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@trawling/runtime';
import { isLocked, lockHolder, tryLock, withLock } from './file-lock.js';
import { identify } from './process-identity.js';

describe('a lock in the file system', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawling-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is held by one at a time and free again after its release', async () => {
    const lock = await tryLock(folder);

    expect(await tryLock(folder)).toBeNull();
    expect(await lockHolder(folder)).toMatchObject({ pid: process.pid });
    await lock?.release();

    expect(await isLocked(folder)).toBe(false);
    const next = await tryLock(folder);
    expect(next).not.toBeNull();
    await next?.release();
  });

  it('ends with its holder', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const identity = await identify(other.pid ?? 0);
    writeFileSync(join(folder, 'claim.7'), JSON.stringify(identity));
    expect(await tryLock(folder)).toBeNull();

    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;

    const lock = await tryLock(folder);
    expect(lock).not.toBeNull();
    await lock?.release();
  });

  it('does not believe a process id that belongs to somebody else by now', async () => {
    writeFileSync(join(folder, 'claim.1'), JSON.stringify({ pid: process.pid, started: 'another-boot:1' }));

    const lock = await tryLock(folder);

    expect(lock).not.toBeNull();
    await lock?.release();
  });

  it('is won by one of many who want it at once, again and again', async () => {
    let inside = 0;
    let most = 0;
    let done = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await systemClock.sleep(2);
      inside -= 1;
      done += 1;
    };

    await Promise.all(Array.from({ length: 12 }, () => withLock({ clock: systemClock }, { folder, waitMs: 15_000 }, work)));

    expect(done).toBe(12);
    expect(most).toBe(1);
    expect(readdirSync(folder).length).toBeLessThanOrEqual(2);
  });

  it('says so when it stays taken', async () => {
    const lock = await tryLock(folder);

    await expect(withLock({ clock: systemClock }, { folder, waitMs: 150 }, async () => undefined)).rejects.toThrow(/keeps the lock/);

    await lock?.release();
  });
});
