import { readFile, stat, writeFile } from 'node:fs/promises';
import { hashToken } from '@trawling/crypto';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { createCrash } from '../testing/crash.js';
import { openSyncMachine, type SyncMachine } from '../testing/sync-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { startTestSyncAdapter, type TestSyncAdapter } from '../testing/test-sync-adapter.js';
import { realHost } from '../host.js';
import { keepRotating, rotate, type RotateCredentialDeps } from './rotate-credential.js';

describe('rotating the credential', () => {
  const folder = temporaryFolder();
  let server: TestSyncAdapter;
  let machine: SyncMachine;

  const depsOf = (from: SyncMachine): RotateCredentialDeps => ({ ...from, onRegistered: () => undefined, random: () => 0.5, stop: from.stop.signal });
  const speaks = async (from: SyncMachine) => (await from.client.keys()).key_set.length > 0;
  const inUse = () => machine.credentials.inOrder()[0] ?? '';

  beforeEach(async () => {
    server = await startTestSyncAdapter();
    machine = await openSyncMachine(server, folder.path());
  });
  afterEach(async () => {
    machine.stop.abort();
    await server.close();
  });

  it('makes another credential, which replaces the old one with its first use', async () => {
    const old = inUse();
    await rotate(depsOf(machine));
    expect(server.credentialHashes()).toHaveLength(2);

    await speaks(machine);

    expect(inUse()).not.toBe(old);
    expect(server.credentialHashes()).toEqual([hashToken(inUse())]);
    expect(machine.credentials.rotation()).toBe('none');
    expect(await readFile(machine.paths.credential, 'utf8')).toBe(inUse());
    expect((await stat(machine.paths.credentials)).mode & 0o777).toBe(0o600);
  });

  it('never sends a candidate before its first use, only its hash', async () => {
    const sent: string[] = [];
    const client = { rotateCredential: async (request: Parameters<typeof machine.client.rotateCredential>[0]) => (sent.push(JSON.stringify(request)), machine.client.rotateCredential(request)) };

    await rotate({ ...depsOf(machine), client });

    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toContain(inUse().slice(-43));
    expect(sent[0]).toContain(hashToken(inUse()));
  });

  it('asks for the very same candidate again after a lost answer', async () => {
    const hashes: string[] = [];
    const lose = {
      rotateCredential: async (request: Parameters<typeof machine.client.rotateCredential>[0]) => {
        hashes.push(request.credential_hash);
        await machine.client.rotateCredential(request);
        throw new Error('the answer was lost');
      },
    };
    await expect(rotate({ ...depsOf(machine), client: lose })).rejects.toThrow('lost');
    expect(await speaks(machine)).toBe(true);

    await rotate(depsOf(machine));
    await speaks(machine);

    expect(server.credentialHashes()).toEqual(hashes);
  });

  it('waits as long as it is told and a random part of as much again while the control plane has not decided', async () => {
    const client = { rotateCredential: async () => ({ kind: 'pending' as const, retryAfterMs: 1_234 }) };

    expect(await rotate({ ...depsOf(machine), client })).toBe(1_851);

    expect(machine.credentials.rotation()).toBe('begun');
  });

  it('keeps the old one and says so when the server refuses, and throws the candidate away', async () => {
    const old = inUse();
    server.fault('credentials', { code: 'rotation-refused' });

    await rotate(depsOf(machine));

    expect(machine.events).toMatchObject([{ type: 'security.rotation_refused', data: { reason: 'rotation-refused' } }]);
    expect(machine.credentials.inOrder()).toEqual([old]);
    expect(await speaks(machine)).toBe(true);
  });

  it('goes back to the old one when the server does not know the candidate, and registers it again', async () => {
    const old = inUse();
    await rotate(depsOf(machine));
    server.restoreCredentials();

    expect(await speaks(machine)).toBe(true);
    expect(inUse()).toBe(old);
    expect(machine.credentials.rotation()).toBe('begun');

    await rotate(depsOf(machine));
    expect(await speaks(machine)).toBe(true);
    expect(inUse()).not.toBe(old);
  });

  it('finds back to a server whose database was restored from before the rotation', async () => {
    const old = inUse();
    await rotate(depsOf(machine));
    await speaks(machine);
    server.restoreCredentials();

    expect(await speaks(machine)).toBe(true);

    expect(inUse()).toBe(old);
  });

  it('serves calls that are under way while the credential changes', async () => {
    await rotate(depsOf(machine));

    const answers = await Promise.all(Array.from({ length: 20 }, () => speaks(machine)));

    expect(answers.every(Boolean)).toBe(true);
    expect(server.credentialHashes()).toHaveLength(1);
  });

  it('rotates by itself when somebody puts the request file, and when the credential is old', async () => {
    const stop = new AbortController();
    await writeFile(machine.paths.rotateCredential, '');
    const first = inUse();
    const running = keepRotating({ ...depsOf(machine), stop: stop.signal, onRegistered: () => void speaks(machine) });
    await until(() => inUse() !== first && machine.credentials.rotation() === 'none');
    stop.abort();
    await running;
    expect(await machine.host.fileSize(machine.paths.rotateCredential)).toBeNull();

    const second = inUse();
    const later = new AbortController();
    const clock = { ...systemClock, now: () => new Date(Date.now() + 40 * 86_400_000) };
    const again = keepRotating({ ...depsOf(machine), clock, stop: later.signal, onRegistered: () => void speaks(machine) });
    await until(() => inUse() !== second && machine.credentials.rotation() === 'none');
    later.abort();
    await again;

    expect(await speaks(machine)).toBe(true);
  });

  describe('when the agent is killed', () => {
    /** The whole rotation up to the candidate's first use, dying at a crash point. */
    const rotateUntil = async (crash: ReturnType<typeof createCrash>) => {
      const dying = await openSyncMachine(server, folder.path(), crash.host(realHost));
      const client = { ...dying.client, rotateCredential: crash.effect(dying.client.rotateCredential) };
      await rotate({ ...depsOf(dying), client });
      await crash.effect(dying.client.keys)();
    };
    const before = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((at) => (['before', 'after'] as const).map((when) => ({ at, when })));

    it.each(before)('$when its effect $at, it still has a credential that the server takes, and the rotation can be finished', async (point) => {
      await writeFile(machine.paths.rotateCredential, '');
      const crash = createCrash(point);
      const old = inUse();

      await rotateUntil(crash).catch(() => undefined);
      machine = await openSyncMachine(server, folder.path());

      expect(await speaks(machine)).toBe(true);
      if (machine.credentials.rotation() !== 'none' || inUse() === old) await rotate(depsOf(machine));
      expect(await speaks(machine)).toBe(true);
      expect(inUse()).not.toBe(old);
      expect(server.credentialHashes()).toEqual([hashToken(inUse())]);
      expect(await readFile(machine.paths.credential, 'utf8')).toBe(inUse());
    });

    it('has no more effects than those', async () => {
      const crash = createCrash(null);

      await rotateUntil(crash);

      expect(crash.effects()).toBe(8);
    });
  });
});
