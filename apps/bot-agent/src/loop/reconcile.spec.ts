import { type BotConfigPayload } from '@trawling/contracts';
import { type Host, realHost } from '../host.js';
import { SyncError } from '../sync/sync-error.js';
import { payloadWith } from '../testing/payloads.js';
import { stuckMachine } from '../testing/stuck-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createAttemptTimer } from './attempt-timer.js';
import { nothingSaid } from './keep-in-line.js';
import { reconcile, type ReconcileDeps } from './reconcile.js';
import { createRepairLimit } from './repair-limit.js';

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
});
