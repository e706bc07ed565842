import { canonicalJson } from './canonical-json.js';
import { CRON_KEY_PREFIX, type OpenclawCronJob } from './render-cron-jobs.js';

/** A job as `cron.list` shows it; the fields we set are compared, everything else is OpenClaw's. */
export type CurrentCronJob = {
  id: string;
  declarationKey?: string | undefined;
  enabled: boolean;
  configRevision?: string | undefined;
  [field: string]: unknown;
};

export type CronStep =
  /** `cron.add`: creates, or converges by declaration key. */
  | { kind: 'add'; job: OpenclawCronJob }
  /** `cron.update`: only the fields that differ, guarded by the revision that was looked at. */
  | { kind: 'update'; id: string; name: string; patch: Partial<OpenclawCronJob>; expectedConfigRevision: string | undefined }
  | { kind: 'remove'; id: string; name: string };

/** Fields that decide what a job is. `cron.add` on a known key silently ignores some of these; `cron.update` takes all. */
const COMPARED = ['name', 'description', 'enabled', 'schedule', 'sessionTarget', 'wakeMode', 'payload', 'delivery', 'failureAlert'] as const;

/**
 * The steps from what the scheduler holds to what is wanted; none when they agree, so planning again after executing
 * is empty. Jobs without our prefix are never touched. A disabled job that should run is enabled again: who only
 * repairs drift must not want that of a job OpenClaw disabled itself (it does so with jobs that keep failing), or the
 * repair costs money for ever.
 */
export function planCron(current: readonly CurrentCronJob[], wanted: readonly OpenclawCronJob[]): CronStep[] {
  const ours = current.filter(({ declarationKey }) => declarationKey?.startsWith(CRON_KEY_PREFIX));
  const wantedKeys = new Set(wanted.map(({ declarationKey }) => declarationKey));
  const byKey = new Map(ours.map((job) => [job.declarationKey, job]));
  const removals = ours.filter((job) => !wantedKeys.has(job.declarationKey ?? '') || byKey.get(job.declarationKey) !== job);
  return [
    ...removals.map((job): CronStep => ({ kind: 'remove', id: job.id, name: job.declarationKey ?? '' })),
    ...wanted.flatMap((job) => stepsFor(byKey.get(job.declarationKey), job)),
  ];
}

function stepsFor(current: CurrentCronJob | undefined, wanted: OpenclawCronJob): CronStep[] {
  if (!current) return [{ kind: 'add', job: wanted }];
  const different = COMPARED.filter((field) => !covers(current[field], wanted[field]));
  if (different.length === 0) return [];
  if (different.includes('payload') && kindOf(current['payload']) !== wanted.payload.kind) {
    // A job of another kind is another job: nothing of the old one may survive in it.
    return [{ kind: 'remove', id: current.id, name: wanted.declarationKey }, { kind: 'add', job: wanted }];
  }
  const patch = Object.fromEntries(different.map((field) => [field, wanted[field]]));
  return [{ kind: 'update', id: current.id, name: wanted.declarationKey, patch, expectedConfigRevision: current.configRevision }];
}

/** True when everything we want is there; OpenClaw may add members of its own to an object, never to a list. */
function covers(current: unknown, wanted: unknown): boolean {
  if (isRecord(current) && isRecord(wanted)) return Object.entries(wanted).every(([key, value]) => covers(current[key], value));
  return current !== undefined && canonicalJson(current) === canonicalJson(wanted);
}

function kindOf(payload: unknown): unknown {
  return isRecord(payload) ? payload['kind'] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
