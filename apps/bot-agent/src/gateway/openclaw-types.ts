import { Issue } from '@trawling/contracts';
import { z } from 'zod';

/*
 * What this agent reads of OpenClaw's answers. Only the fields it uses: OpenClaw adds members in every release,
 * and a field nobody reads must not be able to break a bot.
 */

export const ConfigSnapshot = z.object({
  /** Opaque: an HMAC with a key of this installation. Only good as `baseHash` and for "is it the same". */
  hash: z.string(),
  valid: z.boolean(),
  issues: z.array(Issue).catch([]),
  /** Null while the file is invalid. */
  configRevisionHash: z.string().nullable().catch(null),
  appliedConfigHash: z.string().nullable().catch(null),
});
export type ConfigSnapshot = z.infer<typeof ConfigSnapshot>;

/** A SecretRef that OpenClaw could not resolve, and where the config names it. */
export const DegradedSecret = z.object({
  ownerKind: z.string().optional(),
  ownerId: z.string().optional(),
  paths: z.array(z.string()).default([]),
  reason: z.string().default('secret is not available'),
});
export type DegradedSecret = z.infer<typeof DegradedSecret>;

export const PatchResult = z.object({
  noop: z.boolean().default(false),
  changedPaths: z.array(z.string()).default([]),
  degradedSecretOwners: z.array(DegradedSecret).default([]),
  sentinel: z
    .object({ payload: z.object({ stats: z.object({ requiresRestart: z.boolean() }) }) })
    .optional()
    .catch(undefined),
});
export type PatchResult = z.infer<typeof PatchResult>;

/** A cron job as `cron.list` gives it; everything that can be compared with a wanted job stays as it came. */
export const CronJobView = z.looseObject({
  id: z.string(),
  name: z.string(),
  declarationKey: z.string().optional(),
  enabled: z.boolean(),
  configRevision: z.string().optional(),
  state: z
    .looseObject({
      /** Set when OpenClaw itself disabled the job after repeated failures. */
      autoDisabled: z.object({ reason: z.string() }).optional().catch(undefined),
      /** Start of the run that goes on, milliseconds by OpenClaw's clock; absent while none does. */
      runningAtMs: z.number().optional().catch(undefined),
    })
    .default({}),
});
export type CronJobView = z.infer<typeof CronJobView>;

/** `cron` event: `started` and `finished` are of a run, the others of the job (`added`, `updated`, `removed`, `scheduled`). */
export const CronEvent = z.object({
  action: z.string(),
  jobId: z.string().optional(),
  job: z.object({ declarationKey: z.string().optional() }).optional().catch(undefined),
  /** Of `finished`: `ok`, `error` or `skipped`. */
  status: z.string().optional().catch(undefined),
  /** Start of the run. */
  runAtMs: z.number().optional().catch(undefined),
});
export type CronEvent = z.infer<typeof CronEvent>;

export const CronPage = z.object({
  jobs: z.array(CronJobView),
  hasMore: z.boolean().default(false),
  nextOffset: z.number().nullable().default(null),
});

export const CronRun = z.object({
  ts: z.number(),
  jobId: z.string(),
  action: z.string(),
  status: z.string().optional(),
  summary: z.string().optional(),
  error: z.string().optional(),
  runAtMs: z.number().optional(),
  durationMs: z.number().optional(),
  /** There for runs started through `cron.run`; runs on their own schedule have none here. */
  runId: z.string().optional(),
  jobName: z.string().optional(),
});
export type CronRun = z.infer<typeof CronRun>;

export const CronRunPage = z.object({
  entries: z.array(CronRun),
  hasMore: z.boolean().default(false),
  nextOffset: z.number().nullable().default(null),
});

/** The task registry knows the id of every run, scheduled ones included. */
export const TaskPage = z.object({
  tasks: z.array(z.object({ runId: z.string().optional(), sourceId: z.string().optional(), startedAt: z.number().optional() })),
  nextCursor: z.string().nullable().optional(),
});

/** Of `sessions.abort`: `aborted` or `no-active-run`. */
export const AbortResult = z.object({ status: z.string() });

export const GatewayStatus = z.object({ degradedSecretOwners: z.array(DegradedSecret).default([]) });

export const SystemInfo = z.object({
  uptimeMs: z.number(),
  processMemory: z.object({ rssBytes: z.number() }).optional(),
});
export type SystemInfo = z.infer<typeof SystemInfo>;

export const Health = z.object({
  ok: z.boolean(),
  plugins: z.object({ errors: z.array(z.unknown()).default([]) }).optional().catch(undefined),
});
export type Health = z.infer<typeof Health>;

/** What the gateway POSTs after a run of a job with webhook delivery. Comes before the run is in `cron.runs`. */
export const CronWebhook = z.object({
  jobId: z.string(),
  action: z.string(),
  job: z.object({
    name: z.string().default(''),
    declarationKey: z.string().optional(),
    state: z.object({ runningReceiptId: z.string().optional() }).default({}),
  }),
  status: z.string().optional(),
  summary: z.string().optional(),
  error: z.string().optional(),
  runAtMs: z.number(),
  durationMs: z.number().optional(),
});
export type CronWebhook = z.infer<typeof CronWebhook>;
