import fc from 'fast-check';
import { BOOT_DEADLINE_MS, later, MAX_NEVER_REPORTED, PROVIDER_IN_DOUBT, type MachineFacts, type MachineFound, type MachineRow } from './machine-facts.js';
import { planMachine } from './plan-machine.js';
import { type Fault, heartbeat, newWorld, settle, takeStep } from './testing/machine-world.js';

const now = new Date('2026-11-21T08:00:00.000Z');
const soon = later(now, 1000);
const past = later(now, -1000);
const row = (change: Partial<MachineRow> = {}): MachineRow => ({ generation: 1, state: 'booting', providerId: 'm1', deadline: soon, notBefore: null, attempts: 1, neverReported: 0, ...change });
const machine = (change: Partial<MachineFound> = {}): MachineFound => ({ generation: 1, providerId: 'm1', state: 'running', createdAt: now, ...change });
const plan = (facts: Partial<Omit<MachineFacts, 'bot'>> & { bot?: Partial<MachineFacts['bot']> } = {}) =>
  planMachine({ now, rows: [], found: [], reported: null, settleMs: 60_000, ...facts, bot: { generation: 1, decommissioning: false, decommissioned: false, ...facts.bot } });

describe('planMachine, for a bot that is wanted', () => {
  it('creates the machine of the wanted generation', () => {
    expect(plan({ rows: [row({ state: 'wanted', providerId: null, deadline: null, attempts: 0 })] })).toEqual({ kind: 'create', generation: 1, attempt: 1 });
  });

  it('writes the intent first when the row is missing', () => {
    expect(plan()).toMatchObject({ kind: 'record', generation: 1, change: { state: 'wanted' } });
  });

  it('waits out the backoff after a refused create', () => {
    const refused = row({ state: 'failed', providerId: null, deadline: null, notBefore: soon });

    expect(plan({ rows: [refused] })).toMatchObject({ kind: 'wait', until: soon });
    expect(plan({ rows: [{ ...refused, notBefore: past }] })).toEqual({ kind: 'create', generation: 1, attempt: 2 });
  });

  it('leaves a create alone that was refused for good', () => {
    expect(plan({ rows: [row({ state: 'failed', providerId: null, notBefore: null })] }).kind).toBe('none');
  });

  it('does not create while the outcome of an earlier create is open', () => {
    expect(plan({ rows: [row({ state: 'create_unknown', providerId: null, notBefore: soon })] })).toMatchObject({ kind: 'wait', until: soon });
  });

  it('does not create either while an older generation’s create is open', () => {
    const rows = [row({ state: 'create_unknown', providerId: null, notBefore: soon }), row({ generation: 2, state: 'wanted', providerId: null })];

    expect(plan({ bot: { generation: 2 }, rows })).toMatchObject({ kind: 'wait', until: soon });
  });

  it('takes a row in creating for a dead worker’s and waits until its call and the settle time are over', () => {
    expect(plan({ rows: [row({ state: 'creating', providerId: null, deadline: soon })] })).toMatchObject({
      kind: 'record', change: { state: 'create_unknown', notBefore: later(soon, 60_000) },
    });
  });

  it('adopts the machine of a create whose answer was lost', () => {
    expect(plan({ rows: [row({ state: 'create_unknown', providerId: null, notBefore: soon })], found: [machine()] })).toMatchObject({
      kind: 'record', change: { state: 'booting', providerId: 'm1' },
    });
  });

  it('keeps the machine it knows and destroys a duplicate', () => {
    const duplicate = machine({ providerId: 'm0', createdAt: past });

    expect(plan({ rows: [row()], found: [machine(), duplicate] })).toMatchObject({ kind: 'destroy', providerId: 'm0', change: { providerId: 'm1' } });
  });

  it('keeps the oldest of two machines it does not know', () => {
    const rows = [row({ state: 'create_unknown', providerId: null })];

    expect(plan({ rows, found: [machine({ providerId: 'm2' }), machine({ createdAt: past })] })).toMatchObject({ kind: 'destroy', providerId: 'm2' });
  });

  it('is online once the bot of this generation reports', () => {
    expect(plan({ rows: [row()], found: [machine()], reported: { generation: 1, online: true } })).toMatchObject({ kind: 'record', change: { state: 'online', attempts: 0 } });
  });

  it('does not take an older generation’s heartbeat for readiness', () => {
    expect(plan({ bot: { generation: 2 }, rows: [row({ generation: 2 })], found: [machine({ generation: 2 })], reported: { generation: 1, online: true } }).kind).toBe('wait');
  });

  it('starts a machine that is off', () => {
    expect(plan({ rows: [row({ state: 'online' })], found: [machine({ state: 'off' })] })).toMatchObject({ kind: 'record', change: { state: 'off' } });
    expect(plan({ rows: [row({ state: 'off' })], found: [machine({ state: 'off' })] })).toEqual({ kind: 'start', generation: 1, providerId: 'm1' });
  });

  it('replaces a machine that never reported', () => {
    expect(plan({ rows: [row({ deadline: past })], found: [machine()] })).toMatchObject({ kind: 'destroy', providerId: 'm1', change: { state: 'destroying' } });
  });

  it('counts machines that never reported, gives up after so many and keeps the last one to be looked at', () => {
    expect(plan({ rows: [row({ deadline: past })], found: [machine()] })).toMatchObject({ kind: 'destroy', change: { neverReported: 1 } });
    expect(plan({ rows: [row({ deadline: past, neverReported: MAX_NEVER_REPORTED - 1 })], found: [machine()] })).toMatchObject({
      kind: 'record', change: { state: 'failed', notBefore: null, reason: expect.stringContaining('None of 5 machines ever reported') },
    });
  });

  it('never gives up over creates that were refused or left no machine, only gets slower', () => {
    expect(plan({ rows: [row({ state: 'failed', providerId: null, notBefore: past, attempts: 100 })] })).toEqual({ kind: 'create', generation: 1, attempt: 101 });
    expect(plan({ rows: [row({ state: 'create_unknown', providerId: null, notBefore: past, attempts: 100 })] })).toMatchObject({
      kind: 'record', change: { state: 'wanted', notBefore: later(now, 5 * 60_000) },
    });
  });

  it.each(['booting', 'online'] as const)('never rebuilds a silent machine in state %s that has reported before', (state) => {
    const step = plan({ rows: [row({ state, deadline: past })], found: [machine()], reported: { generation: 1, online: false } });

    expect(step).toMatchObject(state === 'online' ? { kind: 'none' } : { kind: 'record', change: { state: 'online', reason: expect.stringContaining('left alone') } });
  });

  it('does not take heartbeats of a machine that vanished for those of the one made in its place', () => {
    const rows = [row({ deadline: past, reportsSince: now })];

    expect(plan({ rows, found: [machine()], reported: { generation: 1, online: true, at: past } })).toMatchObject({ kind: 'destroy' });
    expect(plan({ rows, found: [machine()], reported: { generation: 1, online: true, at: soon } })).toMatchObject({ kind: 'record', change: { state: 'online' } });
  });

  it('makes a machine again that vanished, after the settle time', () => {
    expect(plan({ rows: [row({ state: 'online' })] })).toMatchObject({
      kind: 'record', change: { state: 'create_unknown', notBefore: later(now, 60_000), reportsSince: now },
    });
  });

  it('does not replace a machine that its provider does not show while its bot reports', () => {
    expect(plan({ rows: [row({ state: 'online' })], reported: { generation: 1, online: true } })).toMatchObject({ kind: 'wait' });
  });

  describe('while so many machines are missing that rather the provider is wrong', () => {
    const doubted = (change: Partial<MachineRow> = {}) => row({ reason: PROVIDER_IN_DOUBT, ...change });
    const wanted = row({ generation: 2, state: 'wanted', providerId: null, deadline: null, attempts: 0 });

    it('makes none anew, and says why on the row, once', () => {
      expect(plan({ rows: [row({ state: 'online' })], providerInDoubt: true })).toEqual({ kind: 'record', generation: 1, change: { state: 'online', reason: PROVIDER_IN_DOUBT } });
      expect(plan({ rows: [doubted({ state: 'online' })], providerInDoubt: true }).kind).toBe('none');
    });

    it('counts none as gone, and makes none that was rebuilt', () => {
      const first = plan({ bot: { generation: 2 }, rows: [row({ state: 'online' }), wanted], providerInDoubt: true });
      const second = plan({ bot: { generation: 2 }, rows: [doubted({ state: 'online' }), wanted], providerInDoubt: true });
      const third = plan({ bot: { generation: 2 }, rows: [doubted({ state: 'online' }), { ...wanted, reason: PROVIDER_IN_DOUBT }], providerInDoubt: true });

      expect([first, second]).toMatchObject([{ kind: 'record', generation: 1, change: { state: 'online' } }, { kind: 'record', generation: 2, change: { state: 'wanted' } }]);
      expect(third.kind).toBe('none');
    });

    it('makes the first machine of a bot: none can be hidden of one for which none was asked', () => {
      const first = row({ state: 'wanted', providerId: null, deadline: null, attempts: 0 });

      expect(plan({ rows: [first], providerInDoubt: true })).toEqual({ kind: 'create', generation: 1, attempt: 1 });
      for (const known of [{ rows: [{ ...first, attempts: 1 }] }, { rows: [{ ...first, reportsSince: past }] }, { rows: [first], reported: { generation: 1, online: false } }]) {
        expect(plan({ ...known, providerInDoubt: true })).toMatchObject({ kind: 'record', change: { state: 'wanted', reason: PROVIDER_IN_DOUBT } });
      }
    });

    it('has nothing to say of a machine whose bot reports', () => {
      const reported = { generation: 1, online: true };

      expect(plan({ rows: [row({ state: 'online' })], reported, providerInDoubt: true }).kind).toBe('wait');
      expect(plan({ rows: [doubted({ state: 'online' })], reported, providerInDoubt: true })).toMatchObject({ kind: 'record', change: { state: 'online', reason: expect.stringContaining('its bot reports') } });
    });

    it('goes on where it was once the machines are back, or are believed to be gone', () => {
      expect(plan({ rows: [doubted({ state: 'online' })], found: [machine()] })).toEqual({ kind: 'record', generation: 1, change: { state: 'online', reason: expect.stringContaining('again') } });
      expect(plan({ rows: [doubted({ state: 'wanted', deadline: null, attempts: 0 })] })).toEqual({ kind: 'create', generation: 1, attempt: 1 });
      expect(plan({ bot: { generation: 2 }, rows: [doubted({ state: 'destroying', deadline: null }), wanted], providerInDoubt: true })).toMatchObject({ kind: 'record', generation: 1, change: { state: 'gone' } });
    });
  });

  it('destroys the machine of a superseded generation', () => {
    const rows = [row({ state: 'online' }), row({ generation: 2, state: 'wanted', providerId: null })];

    expect(plan({ bot: { generation: 2 }, rows, found: [machine()] })).toMatchObject({ kind: 'destroy', generation: 1, providerId: 'm1' });
    expect(plan({ bot: { generation: 2 }, rows: [row({ state: 'destroying' })] })).toMatchObject({ kind: 'record', generation: 1, change: { state: 'gone' } });
  });

  it('looks twice for a superseded machine that vanished by itself before it counts as gone', () => {
    const settling = row({ state: 'destroying', deadline: null, notBefore: soon });
    const wanted = row({ generation: 2, state: 'online', providerId: 'm2', deadline: null });
    const found = [machine({ generation: 2, providerId: 'm2' })];

    expect(plan({ bot: { generation: 2 }, rows: [row({ state: 'online' }), wanted], found })).toMatchObject({
      kind: 'record', generation: 1, change: { state: 'destroying', notBefore: later(now, 60_000) },
    });
    expect(plan({ bot: { generation: 2 }, rows: [settling, wanted], found })).toMatchObject({ kind: 'wait', until: soon });
    expect(plan({ bot: { generation: 2 }, rows: [{ ...settling, notBefore: past }, wanted], found })).toMatchObject({ kind: 'record', change: { state: 'gone' } });
  });

  it('looks again after a destroy whose worker may have died, although the wanted machine is well', () => {
    const rows = [row({ state: 'destroying', deadline: soon }), row({ generation: 2, state: 'online', providerId: 'm2', deadline: null })];
    const found = [machine(), machine({ generation: 2, providerId: 'm2' })];

    expect(plan({ bot: { generation: 2 }, rows, found, reported: { generation: 2, online: true } })).toMatchObject({ kind: 'wait', until: soon });
  });

  it('holds a machine of a newer generation than it knows, writes that down and makes none beside it', () => {
    const wanted = row({ state: 'wanted', providerId: null });
    const found = [machine({ generation: 2 })];
    const held = row({ generation: 2, state: 'held', deadline: null });

    expect(plan({ rows: [wanted], found })).toMatchObject({ kind: 'record', generation: 2, change: { state: 'held', providerId: 'm1' } });
    expect(plan({ rows: [wanted, held], found }).kind).toBe('none');
  });

  it('goes on once a machine that was held has been away for the settle time', () => {
    const wanted = row({ state: 'wanted', providerId: null });
    const held = row({ generation: 2, state: 'held', deadline: null });

    expect(plan({ rows: [wanted, held] })).toMatchObject({ kind: 'record', generation: 2, change: { state: 'held', notBefore: later(now, 60_000) } });
    expect(plan({ rows: [wanted, { ...held, notBefore: soon }] })).toMatchObject({ kind: 'wait', until: soon });
    expect(plan({ rows: [wanted, { ...held, notBefore: past }] })).toMatchObject({ kind: 'record', generation: 2, change: { state: 'gone' } });
    expect(plan({ rows: [wanted, { ...held, state: 'gone' }] })).toMatchObject({ kind: 'create', generation: 1 });
  });

  it('replaces a machine that was held once a generation above it is wanted', () => {
    const rows = [row({ state: 'gone', providerId: null }), row({ generation: 2, state: 'held', deadline: null }), row({ generation: 3, state: 'wanted', providerId: null })];

    expect(plan({ bot: { generation: 3 }, rows, found: [machine({ generation: 2 })] })).toMatchObject({ kind: 'destroy', generation: 2 });
  });
});

describe('planMachine, for a bot that is being decommissioned', () => {
  const bot = { decommissioning: true };

  it('destroys every machine, of whatever generation', () => {
    expect(plan({ bot, rows: [row()], found: [machine(), machine({ generation: 3, providerId: 'm3' })] })).toMatchObject({ kind: 'destroy', providerId: 'm1' });
    expect(plan({ bot, rows: [], found: [machine({ generation: 3, providerId: 'm3' })] })).toMatchObject({ kind: 'destroy', providerId: 'm3' });
  });

  it('waits for a destroy that is under way and tries again when it is overdue', () => {
    const destroying = row({ state: 'destroying', deadline: soon });

    expect(plan({ bot, rows: [destroying], found: [machine()] })).toMatchObject({ kind: 'wait', until: soon });
    expect(plan({ bot, rows: [{ ...destroying, deadline: past }], found: [machine()] }).kind).toBe('destroy');
  });

  it('settles an open create before it calls the machine gone', () => {
    const open = row({ state: 'create_unknown', providerId: null, deadline: null, notBefore: soon });

    expect(plan({ bot, rows: [open] })).toMatchObject({ kind: 'wait', until: soon });
    expect(plan({ bot, rows: [{ ...open, notBefore: past }] })).toMatchObject({ kind: 'record', change: { state: 'gone' } });
  });

  it('ends when every row is gone', () => {
    const gone = row({ state: 'gone', providerId: null, deadline: null });

    expect(plan({ bot, rows: [gone] })).toEqual({ kind: 'finish_decommission' });
    expect(plan({ bot: { ...bot, decommissioned: true }, rows: [gone] }).kind).toBe('none');
  });
});

const fault = fc.constantFrom<Fault>('none', 'none', 'before_call', 'after_call', 'no_answer', 'refused');
const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('step' as const), fault, delayMs: fc.integer({ min: 0, max: 200_000 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1000, 30_000, 60_001, 180_001, BOOT_DEADLINE_MS) }) },
  fc.record({ kind: fc.constantFrom('heartbeat' as const, 'silence' as const, 'off' as const, 'vanish' as const, 'supersede' as const) }),
);

/** Lets a history happen to a fresh bot and holds the invariant after each event. */
function live(history: readonly (typeof event extends fc.Arbitrary<infer E> ? E : never)[]) {
  const world = newWorld();
  for (const happening of history) {
    if (happening.kind === 'step') takeStep(world, happening.fault, happening.delayMs);
    if (happening.kind === 'pass') world.now = later(world.now, happening.ms);
    if (happening.kind === 'heartbeat') heartbeat(world);
    if (happening.kind === 'silence' && world.reported) world.reported.online = false;
    if (happening.kind === 'off') for (const one of world.machines) one.isOff = true;
    if (happening.kind === 'vanish') world.machines = world.machines.filter(({ visibleFrom }) => visibleFrom > world.now);
    if (happening.kind === 'supersede') world.generation += 1;
    const generations = world.machines.map(({ generation }) => generation);
    expect(new Set(generations).size).toBe(generations.length);
    // From then on the machine of the wanted generation may trade.
    const gone = world.rows.filter(({ state }) => state === 'gone').map(({ generation }) => generation);
    expect(generations.filter((generation) => gone.includes(generation))).toEqual([]);
  }
  return world;
}

describe('planMachine, whatever dies and whenever', () => {
  const history = fc.array(event, { maxLength: 60 });

  it('never has two live machines of one generation, and calls none gone of which something is left', () => {
    fc.assert(fc.property(history, (events) => void live(events)), { numRuns: 500 });
  });

  it('ends with one machine of the wanted generation, or says why not', () => {
    fc.assert(fc.property(history, (events) => {
      const world = live(events);
      settle(world);
      const state = world.rows.find(({ generation }) => generation === world.generation)?.state;
      const generations = world.machines.map(({ generation }) => generation);
      expect(generations.length === 0 ? state : generations).toEqual(generations.length === 0 ? 'failed' : [world.generation]);
    }), { numRuns: 300 });
  });

  it('ends in gone with no machine left once the bot is decommissioned', () => {
    fc.assert(fc.property(history, (events) => {
      const world = live(events);
      world.decommissioning = true;
      settle(world);
      expect(world.machines).toEqual([]);
      expect(world.rows.every(({ state }) => state === 'gone')).toBe(true);
      expect(world.decommissioned).toBe(true);
    }), { numRuns: 300 });
  });

  it('plans nothing more once everything is as wanted', () => {
    const world = newWorld();
    settle(world);

    expect(takeStep(world, 'none')).toEqual({ kind: 'none', reason: 'The bot reports' });
    expect(world.created).toBe(1);
  });
});
