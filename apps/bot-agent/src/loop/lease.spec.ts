import { createFakeClock } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { Lease } from '../state/agent-state.js';
import { openJsonFile } from '../state/json-file.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { openLease } from './lease.js';

const folder = temporaryFolder();
const DAY_MS = 86_400_000;

describe('the lease', () => {
  async function setUp() {
    const truth = createFakeClock('2026-11-21T08:00:00.000Z');
    const machine = { wrongMs: 0 };
    const open = async (boot = 'boot-1') => {
      const serverClock = await serverClockOn(folder.path('clock.json'), truth, { boot, wrongMs: () => machine.wrongMs });
      return { serverClock, lease: openLease({ file: await openJsonFile(realHost, folder.path('lease.json'), Lease), clock: truth, serverClock }) };
    };
    return { truth, machine, open };
  }

  it('counts from the start of an agent that nobody ever answered', async () => {
    const { truth, open } = await setUp();
    const { lease } = await open();

    await truth.advance(90_000);

    expect(lease.silentSeconds()).toBe(90);
  });

  it('counts from the last answer, also over a restart of the agent', async () => {
    const { truth, open } = await setUp();
    const { lease } = await open();
    await truth.advance(60_000);
    await lease.renewed();
    await truth.advance(30_000);

    const again = await open();
    await truth.advance(10_000);

    expect([lease.silentSeconds(), again.lease.silentSeconds()]).toEqual([40, 40]);
  });

  it.each([['ahead', DAY_MS], ['back', -DAY_MS]])('is not touched by somebody who sets the machine’s clock %s', async (_how, byMs) => {
    const { truth, machine, open } = await setUp();
    const { lease, serverClock } = await open();
    await serverClock.heard({ serverTime: truth.now().toISOString(), sentMs: 0, receivedMs: 0 });
    await lease.renewed();
    await truth.advance(30_000);

    machine.wrongMs = byMs;
    const again = await open();

    expect([lease.silentSeconds(), again.lease.silentSeconds()]).toEqual([30, 30]);
  });

  it('does not take a renewal from the future for a long one', async () => {
    const { machine, open, truth } = await setUp();
    machine.wrongMs = DAY_MS;
    await (await open()).lease.renewed();
    machine.wrongMs = 0;

    const again = await open('boot-2');
    await truth.advance(5_000);

    expect(again.lease.silentSeconds()).toBe(5);
  });

  it('counts what a full disk did not take', async () => {
    const { truth } = await setUp();
    const file = { current: () => null, write: () => Promise.reject(new Error('ENOSPC')) };
    const lease = openLease({ file, clock: truth, serverClock: truth });
    await truth.advance(60_000);

    await lease.renewed();

    expect(lease.silentSeconds()).toBe(0);
  });
});
