import { MAX_REAPED_PER_RUN, type Orphan, ORPHAN_GRACE_MS, planReaping, type ReapingFacts } from './plan-reaping.js';

const now = new Date('2026-11-21T08:00:00.000Z');
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const orphan = (change: Partial<Orphan> = {}): Orphan => ({ providerId: 'm1', firstSeenAt: ago(ORPHAN_GRACE_MS), approved: false, monthlyUsd: 12, ...change });
const many = (count: number, change: Partial<Orphan> = {}): Orphan[] => Array.from({ length: count }, (_, n) => orphan({ providerId: `m${n}`, ...change }));
const plan = (facts: Partial<ReapingFacts> = {}) => planReaping({ now, orphans: [orphan()], known: 10, mode: 'destroy', databaseIsBehind: false, ...facts });

describe('planReaping', () => {
  it('has nothing to say while every machine has a bot', () => {
    expect(plan({ orphans: [] })).toEqual({ destroy: [], held: null, monthlyUsd: 0 });
  });

  it('only reports what a machine without a bot costs, unless told otherwise', () => {
    expect(plan({ mode: 'report', orphans: many(2) })).toEqual({ destroy: [], held: expect.stringContaining('unless somebody approves'), monthlyUsd: 24 });
  });

  it('destroys one once it was reported for the grace time', () => {
    expect(plan({ orphans: [orphan({ firstSeenAt: ago(ORPHAN_GRACE_MS - 1) })] })).toMatchObject({ destroy: [], held: expect.stringContaining('ten minutes') });
    expect(plan()).toMatchObject({ destroy: ['m1'], held: null });
  });

  it('destroys what somebody approved, at once and in every mode', () => {
    const orphans = [orphan({ providerId: 'named', approved: true, firstSeenAt: now }), ...many(8)];

    expect(plan({ mode: 'report', databaseIsBehind: true, orphans })).toMatchObject({ destroy: ['named'], held: expect.any(String) });
  });

  it('destroys few at a time', () => {
    expect(plan({ known: 200, orphans: many(20) }).destroy).toHaveLength(MAX_REAPED_PER_RUN);
    expect(plan({ orphans: many(20, { approved: true }) }).destroy).toHaveLength(MAX_REAPED_PER_RUN);
  });

  it.each([[5, 10, 5], [6, 10, 0], [6, 59, 0], [6, 60, 5], [11, 100, 0]])('with %i orphans beside %i machines destroys %i', (orphans, known, destroyed) => {
    const { destroy, held } = plan({ orphans: many(orphans), known });

    expect(destroy).toHaveLength(destroyed);
    if (destroyed === 0) expect(held).toContain('rather the database is wrong');
  });

  it('destroys nothing while the database is behind its fleet', () => {
    expect(plan({ databaseIsBehind: true })).toMatchObject({ destroy: [], held: expect.stringContaining('after a restore') });
  });

  it('does not know what a machine costs when the driver does not', () => {
    expect(plan({ mode: 'report', orphans: [orphan({ monthlyUsd: null }), orphan()] }).monthlyUsd).toBe(12);
  });
});
