import { DIGITALOCEAN_LIMITS as limits, emptyBudget, learn, requestsLeft, takeOne, usedOf, type BudgetState } from './budget-rule.js';
import type { RequestKind } from './request-budget.js';

const MINUTE = 60_000;
const HOUR = 3_600_000;

/** Asks again and again, as soon as it is said to be worth it; gives the moments of what was granted. */
function useUp(input: { untilMs: number; kind: RequestKind; state?: BudgetState; fromMs?: number }): { state: BudgetState; times: number[] } {
  let state = input.state ?? emptyBudget;
  const times: number[] = [];
  for (let nowMs = input.fromMs ?? 0; nowMs < input.untilMs; ) {
    const taken = takeOne(state, { nowMs, kind: input.kind, limits });
    if (taken.waitMs === 0) {
      state = taken.state;
      times.push(nowMs);
    } else nowMs += taken.waitMs;
  }
  return { state, times };
}

const mostWithin = (times: number[], spanMs: number): number =>
  Math.max(...times.map((start, index) => times.slice(index).findIndex((time) => time >= start + spanMs)).map((count, index) => (count < 0 ? times.length - index : count)));

describe('the request budget', () => {
  it('grants no more than 250 in any minute and 5,000 in any hour, the reserve for deletes kept back', () => {
    const { times } = useUp({ untilMs: 2 * HOUR, kind: 'read' });

    expect(mostWithin(times, MINUTE)).toBe(210);
    expect(mostWithin(times, HOUR)).toBe(4_500);
    expect(times.length).toBeGreaterThanOrEqual(9_000);
  });

  it('lets deletes through when everything else has to wait, up to the limits themselves', () => {
    const others = useUp({ untilMs: 1, kind: 'create' });

    const deletes = useUp({ untilMs: 1, kind: 'delete', state: others.state });

    expect([others.times.length, deletes.times.length]).toEqual([210, 40]);
    expect(takeOne(deletes.state, { nowMs: 1, kind: 'delete', limits }).waitMs).toBeGreaterThan(MINUTE);
  });

  it('says what is left of both windows for whatever is no delete, and nothing while a 429 keeps all away', () => {
    const { state } = useUp({ untilMs: 1, kind: 'create' });
    const refused = learn(emptyBudget, { nowMs: 0, answer: { status: 429, headers: { 'retry-after': '30' } }, limits }) ?? emptyBudget;

    expect(requestsLeft(emptyBudget, { nowMs: 0, limits })).toEqual({ minute: 210, hour: 4_500 });
    expect(requestsLeft(state, { nowMs: 1, limits })).toEqual({ minute: 0, hour: 4_290 });
    expect(requestsLeft(refused, { nowMs: 1, limits })).toEqual({ minute: 0, hour: 0 });
    expect(requestsLeft(refused, { nowMs: 30_000, limits })).toEqual({ minute: 210, hour: 4_500 });
  });

  it('counts a request some seconds longer than the window, for those that arrive late', () => {
    const { state } = useUp({ untilMs: 1, kind: 'read' });

    expect(takeOne(state, { nowMs: MINUTE + 3_000, kind: 'read', limits }).waitMs).toBeGreaterThan(0);
    expect(takeOne(state, { nowMs: MINUTE + 7_000, kind: 'read', limits }).waitMs).toBe(0);
  });

  it('sends nothing at all, not even deletes, for as long as a 429 says', () => {
    const state = learn(emptyBudget, { nowMs: 0, answer: { status: 429, headers: { 'retry-after': '30' } }, limits }) ?? emptyBudget;

    expect(takeOne(state, { nowMs: 0, kind: 'delete', limits }).waitMs).toBe(30_000);
    expect(takeOne(state, { nowMs: 30_000, kind: 'delete', limits }).waitMs).toBe(0);
  });

  it('counts what others used of the hour, as the answers tell', () => {
    const answer = { status: 200, headers: { 'ratelimit-limit': '5000', 'ratelimit-remaining': '600' } };

    const state = learn(emptyBudget, { nowMs: 0, answer, limits }) ?? emptyBudget;

    expect(usedOf(state.hour)).toBe(4_400);
    expect(useUp({ untilMs: MINUTE, kind: 'read', state }).times).toHaveLength(100);
    expect(learn(state, { nowMs: 0, answer, limits })).toBeNull();
  });

  it.each([
    ['no header', {}],
    ['the numbers of another window', { 'ratelimit-limit': '250', 'ratelimit-remaining': '3' }],
    ['less used than we know', { 'ratelimit-limit': '5000', 'ratelimit-remaining': '5000' }],
    ['nonsense', { 'ratelimit-limit': '5000', 'ratelimit-remaining': 'many' }],
  ])('learns nothing from %s', (_what, headers) => {
    expect(learn(emptyBudget, { nowMs: 0, answer: { status: 200, headers }, limits })).toBeNull();
  });

  it('neither frees nor closes itself for good when the clock is set back', () => {
    const { state } = useUp({ fromMs: HOUR, untilMs: HOUR + 1, kind: 'read' });

    const back = takeOne(state, { nowMs: 0, kind: 'read', limits });

    expect(back.waitMs).toBeGreaterThan(0);
    expect(back.waitMs).toBeLessThanOrEqual(limits.minute.spanMs + limits.minute.bucketMs);
  });
});
