import { readFile, writeFile } from 'node:fs/promises';
import { type BotConfigPayload } from '@trawling/contracts';
import { createFakeClock } from '@trawling/runtime/testing';
import { beginAttempt, beginWatch } from '../apply/apply-version.js';
import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { type Applied } from '../state/agent-state.js';
import { SyncError } from '../sync/sync-error.js';
import { payloadWith } from '../testing/payloads.js';
import { stuckMachine } from '../testing/stuck-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createAttemptTimer } from './attempt-timer.js';
import { nothingSaid } from './keep-in-line.js';
import { reconcile, type ReconcileDeps } from './reconcile.js';
import { createRepairLimit } from './repair-limit.js';
import { createAppliedWatch } from './watch-applied.js';

describe('taking up what was offered', () => {
  const folder = temporaryFolder();
  const notSealed = new SyncError({ kind: 'busy', code: 'secrets-not-sealed', retryAfterMs: 700 }, 'not yet');
  let acks: string[];
  let box: BotConfigPayload | null;

  const open = async (host: Host = realHost): Promise<ReconcileDeps> => {
    acks = [];
    const { deps } = await stuckMachine(folder.path(), notSealed, host);
    return {
      ...deps,
      said: nothingSaid(),
      repairLimit: createRepairLimit(),
      reporter: { ack: async ({ version }, outcome) => void acks.push(`${version} ${outcome}`), event: async () => undefined, metric: async () => undefined },
      heal: async () => undefined,
      watchApplied: async () => undefined,
      timer: createAttemptTimer(deps),
      fence: () => 'none',
      offered: () => box,
      takenUp: () => (box = null),
      random: () => 0,
      onOutcome: () => undefined,
    };
  };

  it('says that it is applying, and looks again when it was told to', async () => {
    box = payloadWith();
    const deps = await open();

    expect(await reconcile(deps)).toBe(700);

    expect(acks).toEqual(['1 applying', '1 applying']);
    expect(box).toBeNull();
  });

  it('says once why it waits, however often it tries', async () => {
    box = payloadWith();
    const deps = await open();

    for (let round = 0; round < 5; round += 1) await reconcile(deps);

    expect(acks).toEqual(['1 applying', '1 applying']);
  });

  it('leaves the newer one for the next look when the disk is full, and takes it up when there is room', async () => {
    let full = true;
    const deps = await open({
      ...realHost,
      writeAtomic: (path, text) => (full ? Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })) : realHost.writeAtomic(path, text)),
    });
    box = payloadWith();
    await expect(reconcile(deps)).rejects.toThrow('no space');
    expect(box).not.toBeNull();

    full = false;
    await reconcile(deps);

    expect(deps.state.attempt.current()?.payload.version).toBe('1');
    expect(box).toBeNull();
  });

  it('takes up nothing that failed before, whoever offers it again', async () => {
    const deps = await open();
    const failed = payloadWith();
    await deps.state.updateProgress({ failed: { version: failed.version, hash: failed.hash } });
    box = failed;

    await reconcile(deps);

    expect(deps.state.attempt.current()).toBeNull();
    expect(acks).toEqual([]);
  });

  describe('while the version before it is still watched', () => {
    const version = (n: number): BotConfigPayload => payloadWith({}, { version: n });
    const filesOf = (n: number) => JSON.stringify({ of: `version ${n}` });
    const runs = async () => readFile(machinePaths(folder.path()).openclawConfig, 'utf8');
    const runAs = (n: number) => writeFile(machinePaths(folder.path()).openclawConfig, filesOf(n));
    const applied = (n: number): Applied => ({ payload: version(n), rendered: {}, applied_at: '2026-11-21T08:00:00.000Z', revision_hash: null });

    /** Version 1 was good; 2 was applied just now, by the steps of an apply that need no gateway. */
    const setUp = async () => {
      box = null;
      const gateway = { is: 'ready' as 'ready' | 'down', count: 0, state: () => gateway.is, restarts: () => gateway.count, bootId: () => null, whenConnected: () => Promise.reject(new Error('not in this spec')) };
      const stuck = await open();
      const clock = createFakeClock();
      const deps: ReconcileDeps = { ...stuck, gateway, clock, watchApplied: createAppliedWatch({ ...stuck, gateway, clock }), timer: createAttemptTimer({ ...stuck, clock }) };
      const { state } = deps;
      const apply = async (n: number) => {
        const attempt = await beginAttempt(deps, version(n));
        await runAs(n);
        await beginWatch(state, attempt);
        await state.applied.write(applied(n));
        await state.attempt.remove();
      };
      await runAs(1);
      await state.applied.write(applied(1));
      await apply(2);
      await deps.watchApplied();
      return { deps, state, gateway, clock, apply };
    };

    it('ends with what was good before both when the gateway dies of the newer one', async () => {
      const { deps, state, gateway, apply } = await setUp();
      await apply(3);
      await deps.watchApplied();

      gateway.count = 3;
      await reconcile(deps);

      expect(await runs()).toBe(filesOf(1));
      expect(state.applied.current()?.payload.version).toBe('1');
      expect(acks).toEqual(['3 failed']);
    });

    it('runs that one again when the newer one fails, and watches it anew', async () => {
      const { deps, state, gateway } = await setUp();
      box = version(3);
      await reconcile(deps);
      await runAs(3);
      gateway.count = 3;
      const attempt = state.attempt.current();
      if (!attempt) throw new Error('no attempt');
      await state.attempt.write({ ...attempt, verdict: { code: 'openclaw-rejected', message: 'no' } });

      await reconcile(deps);
      expect(await runs()).toBe(filesOf(2));
      await deps.watchApplied();
      expect(state.applied.current()?.payload.version).toBe('2');

      gateway.count = 6;
      await reconcile(deps);
      expect(await runs()).toBe(filesOf(1));
      expect(state.applied.current()?.payload.version).toBe('1');
      expect(acks.slice(-2)).toEqual(['3 failed', '2 failed']);
    });

    it('takes that one back before it takes up the newer one when its gateway does not come back', async () => {
      const { deps, state, gateway, clock } = await setUp();
      gateway.is = 'down';
      box = version(3);
      await reconcile(deps);
      expect([acks, state.attempt.current(), box]).toEqual([[], null, version(3)]);

      await clock.advance(91_000);
      await reconcile(deps);

      expect(await runs()).toBe(filesOf(1));
      expect(acks).toEqual(['2 failed']);
      await reconcile(deps);
      expect(acks).toEqual(['2 failed', '3 applying', '3 applying']);
      expect(state.attempt.current()).toMatchObject({ payload: { version: '3' }, base: { config: filesOf(1) } });
    });
  });
});
