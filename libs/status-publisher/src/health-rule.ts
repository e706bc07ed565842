import { type TaskCounts } from './task-window.js';

/** When a service counts as degraded, and when it no longer does. Each way in has its own way out, so that it does not flap. */
export type HealthThresholds = {
  errors: {
    /** Milliseconds over which the error rate is taken. */
    windowMs: number;
    /** Fewer tasks than these in the window prove nothing: the rate counts as 0. */
    minTasks: number;
    /** Degraded above this share of failed tasks, at once. */
    enterAbove: number;
    /** Over when it stays below this share for `leaveAfterMs`. */
    leaveBelow: number;
    leaveAfterMs: number;
  };
  queue: {
    /** Degraded when the queue is longer than the capacity for this long without a break. */
    enterAfterMs: number;
    /** Over when it stays at or below this share of the capacity (at least one task) for `leaveAfterMs`. */
    leaveAtShare: number;
    leaveAfterMs: number;
  };
  /** What the service itself says (`impairedBy`) counts at once, and is over when it was silent for this long. */
  impaired: { leaveAfterMs: number };
};

export const DEFAULT_HEALTH_THRESHOLDS: HealthThresholds = {
  errors: { windowMs: 300_000, minTasks: 10, enterAbove: 0.25, leaveBelow: 0.1, leaveAfterMs: 60_000 },
  queue: { enterAfterMs: 60_000, leaveAtShare: 0.8, leaveAfterMs: 30_000 },
  impaired: { leaveAfterMs: 10_000 },
};

/** What is seen at one moment; times by a monotonic clock. */
export type HealthSample = { atMs: number; tasks: TaskCounts; queueLength: number; concurrentTasks: number; impairedBy: string | null };

/** Something that takes time to become true and time to stop. `sinceMs`: since when the opposite of `active` was seen without a break. */
export type Condition = { active: boolean; sinceMs: number | null };

export type HealthState = { errors: Condition; queue: Condition; impaired: Condition; impairedBy: string | null };

const inactive: Condition = { active: false, sinceMs: null };
export const HEALTHY: HealthState = { errors: inactive, queue: inactive, impaired: inactive, impairedBy: null };

/** The state after one more sample. */
export function nextHealth(before: HealthState, sample: HealthSample, { errors, queue, impaired }: HealthThresholds): HealthState {
  const rate = errorRate(sample.tasks, errors.minTasks) ?? 0;
  return {
    errors: turn(before.errors, sample.atMs, { enter: rate > errors.enterAbove, enterAfterMs: 0, leave: rate < errors.leaveBelow, leaveAfterMs: errors.leaveAfterMs }),
    queue: turn(before.queue, sample.atMs, {
      enter: sample.queueLength > sample.concurrentTasks,
      enterAfterMs: queue.enterAfterMs,
      leave: sample.queueLength <= shortQueue(sample.concurrentTasks, queue.leaveAtShare),
      leaveAfterMs: queue.leaveAfterMs,
    }),
    impaired: turn(before.impaired, sample.atMs, { enter: sample.impairedBy !== null, enterAfterMs: 0, leave: sample.impairedBy === null, leaveAfterMs: impaired.leaveAfterMs }),
    impairedBy: sample.impairedBy ?? before.impairedBy,
  };
}

export const isDegraded = ({ errors, queue, impaired }: HealthState): boolean => errors.active || queue.active || impaired.active;

/** For `health.details`: in words, empty for a healthy one. */
export function degradedBecause({ errors, queue, impaired, impairedBy }: HealthState): string[] {
  return [
    ...(errors.active ? ['too many tasks fail'] : []),
    ...(queue.active ? ['the queue is longer than the capacity'] : []),
    ...(impaired.active && impairedBy !== null ? [impairedBy] : []),
  ];
}

/** Share of the tasks that failed; null when too few ended to say. */
export const errorRate = ({ ended, failed }: TaskCounts, minTasks: number): number | null => (ended < Math.max(1, minTasks) ? null : failed / ended);

/** With a capacity of one a task is always either too many or none: there the way out is "not more than the capacity". */
const shortQueue = (concurrentTasks: number, share: number): number => Math.min(concurrentTasks, Math.max(1, Math.floor(concurrentTasks * share)));

function turn(before: Condition, atMs: number, way: { enter: boolean; enterAfterMs: number; leave: boolean; leaveAfterMs: number }): Condition {
  const turning = before.active ? way.leave : way.enter;
  if (!turning) return { active: before.active, sinceMs: null };
  const sinceMs = before.sinceMs ?? atMs;
  const longEnough = atMs - sinceMs >= (before.active ? way.leaveAfterMs : way.enterAfterMs);
  return longEnough ? { active: !before.active, sinceMs: null } : { active: before.active, sinceMs };
}
