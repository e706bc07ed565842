import { z } from 'zod';
import type { RateAnswer, RequestKind } from './request-budget.js';
import { stayAwayMs } from './stay-away.js';

/** Requests by the bucket of time they were granted in. */
const Buckets = z.array(z.tuple([z.int(), z.int().nonnegative()]));

/** What is remembered of one token's requests; kept as JSON where all processes find it. */
export const BudgetState = z.object({ minute: Buckets, hour: Buckets, blocked_until_ms: z.number() });
export type BudgetState = z.infer<typeof BudgetState>;

export const emptyBudget: BudgetState = { minute: [], hour: [], blocked_until_ms: 0 };

type Window = { spanMs: number; bucketMs: number; limit: number; reserve: number };
export type BudgetLimits = { minute: Window; hour: Window };

/**
 * DigitalOcean's limits, counted over a little more than a minute and an hour: a request arrives some seconds after it
 * was granted, and those granted before it may have arrived late. The reserves are for deletes
 * and what has to be read before and after each, five requests or so.
 */
export const DIGITALOCEAN_LIMITS: BudgetLimits = {
  minute: { spanMs: 64_000, bucketMs: 2_000, limit: 250, reserve: 40 },
  hour: { spanMs: 3_660_000, bucketMs: 60_000, limit: 5_000, reserve: 500 },
};

/** Grants one request now (`waitMs` 0, counted in `state`), or says in how many milliseconds it is worth asking again. */
export function takeOne(state: BudgetState, input: { nowMs: number; kind: RequestKind; limits: BudgetLimits }): { state: BudgetState; waitMs: number } {
  const { nowMs, kind, limits } = input;
  const current = withoutOld(state, nowMs, limits);
  if (nowMs < current.blocked_until_ms) return { state: current, waitMs: current.blocked_until_ms - nowMs };
  const wait = (name: 'minute' | 'hour'): number => {
    const window = limits[name];
    return freeInMs(current[name], window, { nowMs, allowed: window.limit - (kind === 'delete' ? 0 : window.reserve) });
  };
  const waitMs = Math.max(wait('minute'), wait('hour'));
  return waitMs > 0 ? { state: current, waitMs } : { state: count(current, { nowMs, limits, requests: 1 }), waitMs: 0 };
}

/** Takes over what an answer says; null when it says nothing new. */
export function learn(state: BudgetState, input: { nowMs: number; answer: RateAnswer; limits: BudgetLimits }): BudgetState | null {
  const { nowMs, answer, limits } = input;
  if (answer.status === 429) {
    const until = nowMs + stayAwayMs(answer.headers, nowMs);
    return until > state.blocked_until_ms ? { ...state, blocked_until_ms: until } : null;
  }
  const current = withoutOld(state, nowMs, limits);
  const unknown = usedByOthers(usedOf(current.hour), answer, limits);
  return unknown > 0 ? { ...current, hour: addTo(current.hour, bucketOf(nowMs, limits.hour), unknown) } : null;
}

/** How far the answer's remainder of the hour may be below ours before somebody else must be using the token, too. */
const REMAINDER_SLACK = 20;

/** Requests of this hour that we did not count. 0 when the headers are not those of the hour. */
export function usedByOthers(ours: number, answer: RateAnswer, limits: BudgetLimits): number {
  const limit = Number(answer.headers['ratelimit-limit']);
  const remaining = Number(answer.headers['ratelimit-remaining'] ?? Number.NaN);
  // The header's limit of the hour is in the thousands; with another window's we would lock ourselves out for an hour.
  if (!Number.isInteger(remaining) || !(limit >= limits.hour.limit / 5)) return 0;
  const missing = limits.hour.limit - ours - remaining;
  return missing > REMAINDER_SLACK ? missing : 0;
}

export const usedOf = (buckets: BudgetState['hour']): number => buckets.reduce((sum, [, requests]) => sum + requests, 0);

const bucketOf = (nowMs: number, window: Window): number => Math.floor(nowMs / window.bucketMs);
const leavesAtMs = (bucket: number, window: Window): number => (bucket + 1) * window.bucketMs + window.spanMs;

function count(state: BudgetState, { nowMs, limits, requests }: { nowMs: number; limits: BudgetLimits; requests: number }): BudgetState {
  return {
    ...state,
    minute: addTo(state.minute, bucketOf(nowMs, limits.minute), requests),
    hour: addTo(state.hour, bucketOf(nowMs, limits.hour), requests),
  };
}

function addTo(buckets: BudgetState['hour'], bucket: number, requests: number): BudgetState['hour'] {
  const known = buckets.some(([at]) => at === bucket);
  if (!known) return [...buckets, [bucket, requests]];
  return buckets.map(([at, before]) => [at, at === bucket ? before + requests : before]);
}

/** Buckets of the future (the clock was set back) count as now: a jump must neither free the budget nor close it for good. */
function withoutOld(state: BudgetState, nowMs: number, limits: BudgetLimits): BudgetState {
  const clean = (buckets: BudgetState['hour'], window: Window): BudgetState['hour'] => {
    const now = bucketOf(nowMs, window);
    const kept = buckets.filter(([at]) => at <= now && leavesAtMs(at, window) > nowMs);
    const ahead = usedOf(buckets.filter(([at]) => at > now));
    return ahead > 0 ? addTo(kept, now, ahead) : kept;
  };
  return {
    minute: clean(state.minute, limits.minute),
    hour: clean(state.hour, limits.hour),
    blocked_until_ms: Math.min(state.blocked_until_ms, nowMs + limits.hour.spanMs),
  };
}

/** Milliseconds until less than `allowed` are counted in the window; 0: now. */
function freeInMs(buckets: BudgetState['hour'], window: Window, { nowMs, allowed }: { nowMs: number; allowed: number }): number {
  let used = usedOf(buckets);
  if (used < allowed) return 0;
  for (const [bucket, requests] of [...buckets].sort(([a], [b]) => a - b)) {
    used -= requests;
    if (used < allowed) return Math.max(1, leavesAtMs(bucket, window) - nowMs);
  }
  return window.spanMs;
}

/** Requests that any process may still send now, those kept for deletes not counted; 0 while a 429 keeps all away. */
export function requestsLeft(state: BudgetState, input: { nowMs: number; limits: BudgetLimits }): { minute: number; hour: number } {
  const { nowMs, limits } = input;
  const current = withoutOld(state, nowMs, limits);
  const left = (name: 'minute' | 'hour'): number =>
    nowMs < current.blocked_until_ms ? 0 : Math.max(0, limits[name].limit - limits[name].reserve - usedOf(current[name]));
  return { minute: left('minute'), hour: left('hour') };
}
