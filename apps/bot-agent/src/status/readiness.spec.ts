import { createFakeClock } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createReadiness, type ReadinessDeps } from './readiness.js';

const folder = temporaryFolder();

describe('the readiness of an agent', () => {
  const setUp = (over: Partial<ReadinessDeps> = {}) => {
    const clock = createFakeClock();
    const ready = createReadiness({
      enrolled: () => true,
      gatewayIsReady: async () => true,
      gatewayIsConnected: () => true,
      silentSeconds: () => 1,
      heartbeatSeconds: () => 30,
      host: realHost,
      agentDir: folder.path(),
      diskRefuses: () => false,
      clock,
      ...over,
    });
    return { clock, ready };
  };

  it('is good when it is enrolled, its gateway answers, somebody heard it and the disk takes what it writes', async () => {
    const { ready } = setUp();

    expect(await ready()).toEqual({ enrolled: { ok: true }, gateway: { ok: true }, sync_adapter: { ok: true }, spool: { ok: true } });
    expect(await realHost.list(folder.path())).toEqual([]);
  });

  it.each([
    ['enrolled', { enrolled: () => false }, 'does not speak'],
    ['gateway', { gatewayIsReady: async () => false }, 'does not answer'],
    ['gateway', { gatewayIsReady: () => Promise.reject(new Error('reset')) }, 'does not answer'],
    ['gateway', { gatewayIsConnected: () => false }, 'not connected'],
    ['sync_adapter', { silentSeconds: () => null }, 'not answered a heartbeat yet'],
    ['sync_adapter', { silentSeconds: () => 600 }, '600 seconds ago'],
    ['spool', { host: { ...realHost, writeAtomic: () => Promise.reject(new Error('ENOSPC')) } }, 'the disk takes nothing'],
    ['spool', { diskRefuses: () => true }, 'in memory only'],
  ])('names %s, alone, when that is what is wrong', async (name, over: Partial<ReadinessDeps>, detail) => {
    const checks = await setUp(over).ready();

    expect(Object.entries(checks).filter(([, { ok }]) => !ok)).toEqual([[name, { ok: false, detail: expect.stringContaining(detail) }]]);
  });

  it.each<[string, Partial<ReadinessDeps>]>([
    ['gateway', { gatewayIsReady: () => new Promise<never>(() => undefined), host: { writeAtomic: async () => undefined, remove: async () => undefined } }],
    ['spool', { host: { writeAtomic: () => new Promise<never>(() => undefined), remove: async () => undefined } }],
  ])('is answered in time although %s hangs, and says so', async (name, over) => {
    const { clock, ready } = setUp(over);

    const checks = ready();
    await clock.advance(5_000);

    expect(Object.entries(await checks).filter(([, { ok }]) => !ok)).toEqual([[name, { ok: false, detail: 'did not answer within 5 seconds' }]]);
  });

  it('goes by the bot’s own pace when it calls the last contact old', async () => {
    const sync = async (silent: number, pace: number) =>
      (await setUp({ silentSeconds: () => silent, heartbeatSeconds: () => pace }).ready())['sync_adapter']?.ok;

    expect([await sync(100, 30), await sync(100, 5), await sync(600, 300)]).toEqual([true, false, true]);
  });

  it('asks the disk and the gateway once for all who ask within a second', async () => {
    let asked = 0;
    const { clock, ready } = setUp({ gatewayIsReady: async () => ((asked += 1), true) });

    await Promise.all([ready(), ready(), ready()]);
    await clock.advance(999);
    await ready();
    expect(asked).toBe(1);
    await clock.advance(1);
    await ready();

    expect(asked).toBe(2);
  });
});
