import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOrMakeInstallation } from './installation.js';
import { findFreeBase } from './ports.js';
import { openStateDir } from './state-dir.js';
import { temporaryFolder } from './testing/temporary-folder.js';

const folder = temporaryFolder();
const terminal = { say: () => undefined, progress: () => undefined };
let number = 0;
const make = async (input: Pick<Parameters<typeof readOrMakeInstallation>[0], 'state' | 'portBase' | 'env'>) => {
  const { installation, releasePorts } = await readOrMakeInstallation({ ...input, terminal });
  releasePorts();
  return installation;
};
const newState = () => openStateDir(join(folder, String((number += 1))));

describe('the state folder of an installation', () => {
  it('keeps the ports it was made with, and is private', async () => {
    const state = newState();
    const portBase = await findFreeBase(24_000);

    await make({ state, portBase, env: {} });

    expect(await make({ state, portBase: undefined, env: {} })).toEqual({
      port_base: portBase, queue_backend: 'postgres', database: 'embedded',
    });
    expect(statSync(state.root).mode & 0o777).toBe(0o700);
    expect(statSync(state.installation).mode & 0o777).toBe(0o600);
  });

  it('refuses other ports, another queue and another database with what to do', async () => {
    const state = newState();
    const portBase = await findFreeBase(24_000);
    await make({ state, portBase, env: {} });
    const again = (env: NodeJS.ProcessEnv, base?: number) => make({ state, portBase: base, env });

    await expect(again({}, 29_000)).rejects.toThrow(/made with --port-base/);
    await expect(again({ REDIS_URL: 'redis://127.0.0.1' })).rejects.toThrow(/unset REDIS_URL/);
    await expect(again({ DATABASE_URL: 'postgres://x' })).rejects.toThrow(/unset DATABASE_URL/);
  });

  it('is never a folder that holds something else', () => {
    const other = join(folder, 'photos');
    mkdirSync(other);
    writeFileSync(join(other, 'cat.jpg'), '');

    expect(() => openStateDir(other)).toThrow(/no state folder of npm start/);
    expect(readdirSync(other)).toEqual(['cat.jpg']);
  });

  it('refuses a block of ports that is in use, naming the port', async () => {
    const base = await findFreeBase(25_000);
    const server = createServer().listen(base + 3, '127.0.0.1');
    await once(server, 'listening');

    await expect(make({ state: newState(), portBase: base, env: {} })).rejects.toThrow(`Port ${base + 3} is in use`);

    server.close();
    await once(server, 'close');
  });

  it('gets a block of ports of its own, also when two begin at the same moment', async () => {
    const starts = [newState(), newState()].map((state) => readOrMakeInstallation({ state, portBase: undefined, env: {}, terminal }));

    const [first, second] = await Promise.all(starts);

    expect(first?.installation.port_base).not.toBe(second?.installation.port_base);
    first?.releasePorts();
    second?.releasePorts();
  });
});
