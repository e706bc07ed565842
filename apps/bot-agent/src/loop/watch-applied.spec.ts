import { mkdir } from 'node:fs/promises';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { type AgentState, type Applied, openAgentState } from '../state/agent-state.js';
import { createCrash, type CrashPoint } from '../testing/crash.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { createAttemptTimer } from './attempt-timer.js';
import { createAppliedWatch } from './watch-applied.js';

const folder = temporaryFolder();
const paths = () => machinePaths(folder.path());
const { logger } = createMemoryLogger();
const applied = (version: number): Applied => ({ payload: payloadWith({}, { version }), rendered: {}, applied_at: '2026-11-21T08:00:00.000Z', revision_hash: null });
const base = { config: '{"of":"version 1"}', secrets: '{}', trading_params: null };

describe('watching a version that was applied', () => {
  const [good, fresh] = [applied(1), applied(2)];
  const open = async (point: CrashPoint | null = null) => {
    for (const dir of paths().dirs) await mkdir(dir, { recursive: true });
    const state = await openAgentState(createCrash(point).host(realHost), paths());
    const clock = createFakeClock();
    const gateway = { is: 'ready' as 'ready' | 'down', count: 0, state: () => gateway.is, restarts: () => gateway.count };
    return { state, clock, gateway, watch: createAppliedWatch({ state, clock, gateway, logger }) };
  };
  const start = async (state: AgentState, previous: Applied | null = good) => {
    await state.applied.write(fresh);
    await state.probation.write({ payload: fresh.payload, base, previous });
  };
  const wasTakenBack = (state: AgentState) => state.attempt.current()?.verdict?.code === 'unhealthy-after-apply';

  it('ends after two healthy minutes', async () => {
    const { state, clock, watch } = await open();
    await start(state);
    await watch();
    await clock.advance(119_000);
    await watch();
    expect(state.probation.current()).not.toBeNull();

    await clock.advance(2_000);
    await watch();

    expect(state.probation.current()).toBeNull();
    expect(state.applied.current()).toEqual(fresh);
  });

  it('takes the version back when the gateway does not come back, and names what ran before as applied', async () => {
    const { state, clock, gateway, watch } = await open();
    await start(state);
    gateway.is = 'down';
    await watch();
    await clock.advance(60_000);
    await watch();
    expect(wasTakenBack(state)).toBe(false);

    await clock.advance(31_000);
    await watch();

    expect(wasTakenBack(state)).toBe(true);
    expect(state.attempt.current()).toMatchObject({ payload: { version: '2' }, base });
    expect(state.applied.current()).toEqual(good);
    expect(await state.readGoodConfig()).toBe(base.config);
    expect(state.probation.current()).toBeNull();
  });

  it('takes it back when the gateway is started again and again', async () => {
    const { state, gateway, watch } = await open();
    await start(state);
    await watch();
    gateway.count = 2;
    await watch();
    expect(wasTakenBack(state)).toBe(false);

    gateway.count = 3;
    await watch();

    expect(wasTakenBack(state)).toBe(true);
  });

  it('leaves nothing applied when it was the first version', async () => {
    const { state, gateway, watch } = await open();
    await start(state, null);
    await watch();
    gateway.count = 3;

    await watch();

    expect(state.applied.current()).toBeNull();
    expect(wasTakenBack(state)).toBe(true);
  });

  it.each([2, 3, 4, 5].flatMap((at) => [{ at, when: 'before' } as const, { at, when: 'after' } as const]))(
    'takes it back as a whole when it was killed $when effect $at',
    async (point) => {
      const dying = await open(point);
      await start(dying.state);
      dying.gateway.count = 0;
      await dying.watch();
      dying.gateway.count = 3;
      await expect(dying.watch()).rejects.toThrow('killed');

      const again = await open();
      await again.watch();
      again.gateway.count = 3;
      await again.watch();

      expect(wasTakenBack(again.state)).toBe(true);
      expect(again.state.applied.current()).toEqual(good);
      expect(again.state.probation.current()).toBeNull();
    },
  );
});

describe('the time an attempt has taken', () => {
  const attempt = { payload: payloadWith(), started_at: '2026-11-21T08:00:00.000Z', spent_ms: 0, base, superseded: [], verdict: null };

  it('does not jump with the wall clock, and goes on where it was after a restart of the agent', async () => {
    for (const dir of paths().dirs) await mkdir(dir, { recursive: true });
    const clock = createFakeClock();
    const first = await openAgentState(realHost, paths());
    await first.attempt.write(attempt);
    const timer = createAttemptTimer({ clock, state: first });
    expect(timer.spentMs(attempt)).toBe(0);
    await clock.advance(30_000);
    await timer.remember(attempt);

    const second = await openAgentState(realHost, paths());
    const found = second.attempt.current();
    const later = createFakeClock('2027-01-01T00:00:00.000Z');
    const again = createAttemptTimer({ clock: later, state: second });
    if (!found) throw new Error('no attempt');
    again.spentMs(found);
    await later.advance(5_000);

    expect(again.spentMs(found)).toBe(35_000);
  });
});
