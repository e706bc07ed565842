import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { type Host, realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { machinePaths } from './machine-paths.js';
import { createSystemdHost } from './systemd-host.js';

const folder = temporaryFolder();

describe('a machine where agent and gateway are two users', () => {
  const open = async () => {
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await mkdir(dir, { recursive: true });
    const byHand: string[] = [];
    const hand: Host = {
      ...realHost,
      readText: async (path) => (byHand.push(`read ${path}`), realHost.readText(path)),
      writeAtomic: async (path, text) => (byHand.push(`write ${path}`), realHost.writeAtomic(path, text)),
      run: async (file, args) => (byHand.push(`run ${[file, ...args].join(' ')}`), { code: 0, stdout: '', stderr: '' }),
    };
    return { paths, byHand, host: createSystemdHost(realHost, hand, paths) };
  };

  it('touches what is the gateway’s through the hand, its config and what lies beside it as well', async () => {
    const { paths, byHand, host } = await open();

    await host.readText(paths.gatewayToken);
    await host.writeAtomic(paths.secrets, '{}');
    await host.writeAtomic(`${paths.openclawConfig}.candidate`, '{}');
    await host.run('/node', ['openclaw.mjs'], { env: {}, timeoutMs: 1 });

    expect(byHand).toEqual([`read ${paths.gatewayToken}`, `write ${paths.secrets}`, `write ${paths.openclawConfig}.candidate`, 'run /node openclaw.mjs']);
  });

  it('touches what is its own by itself, closed to everyone else', async () => {
    const { paths, byHand, host } = await open();
    await writeFile(paths.enrollmentToken, 'tte_1_2');

    await host.writeAtomic(paths.credential, 'ttb_secret');
    await host.append(`${paths.spool.events}-1`, 'x');
    await host.remove(paths.enrollmentToken);

    expect(byHand).toEqual([]);
    for (const file of [paths.credential, `${paths.spool.events}-1`]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('lets the shared folder’s group read what it shares, and nobody write it', async () => {
    const { paths, byHand, host } = await open();

    for (const file of [paths.tradingParams, paths.localReports]) {
      await host.writeAtomic(file, 'first');
      await host.writeAtomic(file, 'second');

      expect((await stat(file)).mode & 0o777).toBe(0o640);
      expect(await readFile(file, 'utf8')).toBe('second');
    }
    expect(byHand).toEqual([]);
  });
});
