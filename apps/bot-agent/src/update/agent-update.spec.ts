import { type Sha256 } from '@trawling/contracts';
import { sha256Of } from '@trawling/domain';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { type SyncHttp } from '../sync/sync-http.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { buildFile, chooseBuild, MAX_TRIES } from './agent-update.js';
import { createAgentUpdater } from './update-agent.js';

const folder = temporaryFolder();
const NEW = '// another build\n';
const [FIRST, OTHER] = [sha256Of('// the first\n'), sha256Of(NEW)];

describe('another build of the agent', () => {
  let restarts: number;
  let events: string[];
  let asked: string[];
  let answer: { status: number; data: string };
  const paths = () => machinePaths(folder.path());
  const choose = (self: Sha256 = FIRST, host: Host = realHost) => chooseBuild(host, paths(), self);

  beforeEach(async () => {
    [restarts, events, asked, answer] = [0, [], [], { status: 200, data: NEW }];
    for (const dir of paths().dirs) await realHost.ensureDir(dir);
  });

  const open = async (running: Sha256 = FIRST) => {
    const clock = createFakeClock();
    const http = (async ({ path }) => {
      asked.push(path);
      return { ...answer, headers: {}, statusText: '', config: {} } as Awaited<ReturnType<SyncHttp>>;
    }) satisfies SyncHttp;
    const updater = await createAgentUpdater({
      host: realHost,
      paths: paths(),
      running,
      first: FIRST,
      http,
      clock,
      logger: createMemoryLogger().logger,
      reporter: { event: async (type) => void events.push(type) },
      restart: () => void (restarts += 1),
    });
    return { clock, updater };
  };

  it('is fetched by its digest, and started by the one that is there', async () => {
    const { updater } = await open();

    await updater.bring(OTHER);

    expect(asked).toEqual([`/agent/${OTHER}`]);
    expect(restarts).toBe(1);
    expect(await choose()).toBe(buildFile(paths(), OTHER));
    expect(await choose(OTHER)).toBeNull();
  });

  it('stays once the sync-adapter has answered it, and is what runs after every start', async () => {
    await (await open()).updater.bring(OTHER);
    await choose();
    await realHost.writeAtomic(buildFile(paths(), sha256Of('an older one')), 'an older one');

    await (await open(OTHER)).updater.heard();
    for (let start = 0; start <= MAX_TRIES; start += 1) expect(await choose()).toBe(buildFile(paths(), OTHER));

    expect(events).toEqual(['agent_updated']);
    expect(await realHost.list(paths().shared)).toHaveLength(1);
  });

  it('is given up when it was started three times and not heard of, and the owner is told once', async () => {
    await (await open()).updater.bring(OTHER);
    for (let start = 0; start < MAX_TRIES; start += 1) expect(await choose()).not.toBeNull();

    expect(await choose()).toBeNull();
    const { updater } = await open();
    await updater.bring(OTHER);
    await updater.bring(OTHER);

    expect(events).toEqual(['agent_update_failed']);
    expect([restarts, asked.length]).toEqual([1, 1]);
    expect(await choose()).toBeNull();
  });

  it.each([
    ['is not there', { status: 404, data: '' }],
    ['is something else', { status: 200, data: '// evil\n' }],
  ])('is asked for again after a while, and changes nothing, when it %s', async (_what, wrong) => {
    answer = wrong;
    const { clock, updater } = await open();

    await updater.bring(OTHER);
    await updater.bring(OTHER);
    expect([asked.length, restarts, await choose()]).toEqual([1, 0, null]);

    answer = { status: 200, data: NEW };
    await clock.advance(301_000);
    await updater.bring(OTHER);
    expect([asked.length, restarts]).toEqual([2, 1]);
  });

  it('does not run when its file was changed or is gone', async () => {
    await (await open()).updater.bring(OTHER);

    await realHost.writeAtomic(buildFile(paths(), OTHER), '// evil\n');
    expect(await choose()).toBeNull();
    await realHost.remove(buildFile(paths(), OTHER));
    expect(await choose()).toBeNull();
  });

  it('goes when the config names the first one again', async () => {
    await (await open()).updater.bring(OTHER);
    await (await open(OTHER)).updater.heard();

    await (await open(OTHER)).updater.bring(FIRST);

    expect(restarts).toBe(2);
    expect(await choose()).toBeNull();
  });

  it('is not looked for while the one that is wanted runs', async () => {
    await (await open()).updater.bring(FIRST);

    expect([asked, restarts]).toEqual([[], 0]);
  });
});
