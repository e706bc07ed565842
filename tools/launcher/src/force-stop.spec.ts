import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forceStop } from './force-stop.js';
import { openStateDir } from './state-dir.js';
import { temporaryFolder } from './testing/temporary-folder.js';

describe('stopping by force', () => {
  const folder = temporaryFolder();
  const started: ChildProcess[] = [];
  afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')));

  /** Something that runs with these arguments, and a postmaster.pid that names it. */
  const withPostmaster = async (name: string, args: (dataDir: string) => string[]) => {
    const state = openStateDir(join(folder, name));
    mkdirSync(state.postgres);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log(1)', '--', ...args(state.postgres)], { stdio: ['ignore', 'pipe', 'ignore'] });
    started.push(child);
    await once(child.stdout, 'data');
    writeFileSync(join(state.postgres, 'postmaster.pid'), `${child.pid}\n`);
    return { state, child };
  };

  it('ends the Postgres of the folder', async () => {
    const { state, child } = await withPostmaster('ours', (dataDir) => ['-D', dataDir, '-p', '1']);
    const ended = once(child, 'exit');

    forceStop(state);

    expect(await ended).toEqual([null, 'SIGQUIT']);
  });

  it('leaves alone whoever has the process id of a Postgres that is long gone', async () => {
    const { state, child } = await withPostmaster('stale', () => ['-D', '/somewhere/else', '-p', '1']);

    const ended = once(child, 'exit');

    forceStop(state);
    child.kill('SIGTERM');

    expect(await ended).toEqual([null, 'SIGTERM']);
  });
});
