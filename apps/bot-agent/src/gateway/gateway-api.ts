import { type JsonObject } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { type z } from 'zod';
import { GatewayError } from './gateway-error.js';
import {
  AbortResult,
  ConfigSnapshot,
  CronPage,
  CronRunPage,
  type CronJobView,
  type CronRun,
  GatewayStatus,
  Health,
  PatchResult,
  SystemInfo,
  TaskPage,
} from './openclaw-types.js';
import { createWritePacer } from './write-pacer.js';

const READ_MS = 15_000;
/** A patch answers when it is applied; slow machines validate for seconds. */
const WRITE_MS = 45_000;
const PAGE = 200;
/** A rate limit that asks for more than this is handed to the caller. */
const LONGEST_WAIT_MS = 61_000;
const RATE_LIMIT_RETRIES = 3;

interface Deps {
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown>;
  clock: Clock;
}

export interface GatewayApi {
  configGet(): Promise<ConfigSnapshot>;
  /** Merge patch; `replacePaths` names arrays that lose entries. Never `config.apply`: a no-op of it never answers. */
  configPatch(input: { patch: JsonObject; baseHash: string; replacePaths: string[]; note: string }): Promise<PatchResult>;
  /** Every job, disabled ones included. */
  cronList(): Promise<CronJobView[]>;
  cronAdd(params: JsonObject): Promise<void>;
  /** Throws `conflict` when the job is no longer at that revision. */
  cronUpdate(input: { id: string; patch: JsonObject; expectedConfigRevision?: string | undefined }): Promise<void>;
  /** A job that is already gone is removed. */
  cronRemove(id: string): Promise<void>;
  /** Newest first, until `until(entry)` says that older ones do not matter. */
  cronRuns(filter: { id: string } | { scope: 'all' }, until: (entry: CronRun) => boolean): Promise<CronRun[]>;
  /** Tells OpenClaw's own id of a run by its job and start, if its task registry still has it. */
  taskRunIds(): Promise<(run: { jobId: string; runAtMs: number }) => string | null>;
  /** Ends that run and no other, whoever started it. False: OpenClaw knows no such run that is going on. */
  runAbort(runId: string): Promise<boolean>;
  secretsReload(): Promise<void>;
  status(): Promise<z.infer<typeof GatewayStatus>>;
  health(): Promise<Health>;
  systemInfo(): Promise<SystemInfo>;
}

/** Typed calls over any gateway connection, writes paced under OpenClaw's own limits. Throws GatewayError. */
export function createGatewayApi({ request, clock }: Deps): GatewayApi {
  const pace = createWritePacer(clock);

  const read = async <T>(schema: z.ZodType<T>, method: string, params: unknown = {}): Promise<T> =>
    schema.parse(await request(method, params, READ_MS));

  const write = async (method: string, params: unknown): Promise<unknown> => {
    for (let attempt = 0; ; attempt += 1) {
      await pace(method);
      try {
        return await request(method, params, WRITE_MS);
      } catch (error) {
        const failure = error instanceof GatewayError ? error.failure : null;
        if (failure?.kind !== 'rate-limited' || failure.retryAfterMs > LONGEST_WAIT_MS || attempt === RATE_LIMIT_RETRIES) throw error;
        await clock.sleep(failure.retryAfterMs);
      }
    }
  };

  const cronList = async (): Promise<CronJobView[]> => {
    const jobs: CronJobView[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const page: z.infer<typeof CronPage> = await read(CronPage, 'cron.list', { includeDisabled: true, limit: PAGE, offset });
      jobs.push(...page.jobs);
      offset = page.hasMore ? page.nextOffset : null;
    }
    return jobs;
  };

  const cronRuns: GatewayApi['cronRuns'] = async (filter, until) => {
    const runs: CronRun[] = [];
    for (let offset: number | null = 0; offset !== null; ) {
      const page: z.infer<typeof CronRunPage> = await read(CronRunPage, 'cron.runs', { ...filter, limit: PAGE, offset });
      for (const entry of page.entries) {
        if (until(entry)) return runs;
        if (entry.action === 'finished') runs.push(entry);
      }
      offset = page.hasMore ? page.nextOffset : null;
    }
    return runs;
  };

  return {
    configGet: () => read(ConfigSnapshot, 'config.get'),
    configPatch: async ({ patch, baseHash, replacePaths, note }) => {
      const params = { raw: JSON.stringify(patch), baseHash, note, ...(replacePaths.length > 0 ? { replacePaths } : {}) };
      return PatchResult.parse(await write('config.patch', params));
    },
    cronList,
    cronAdd: async (params) => void (await write('cron.add', params)),
    cronUpdate: async ({ id, patch, expectedConfigRevision }) =>
      void (await write('cron.update', { id, patch, ...(expectedConfigRevision ? { expectedConfigRevision } : {}) })),
    cronRemove: async (id) => {
      try {
        await write('cron.remove', { id });
      } catch (error) {
        if (!(error instanceof GatewayError) || error.failure.kind !== 'conflict') throw error;
      }
    },
    cronRuns,
    taskRunIds: async () => {
      const { tasks } = await read(TaskPage, 'tasks.list', { limit: PAGE });
      return ({ jobId, runAtMs }) => tasks.find((task) => task.sourceId === jobId && task.startedAt === runAtMs)?.runId ?? null;
    },
    runAbort: async (runId) => AbortResult.parse(await write('sessions.abort', { runId })).status === 'aborted',
    secretsReload: async () => void (await write('secrets.reload', {})),
    status: () => read(GatewayStatus, 'status'),
    health: () => read(Health, 'health'),
    systemInfo: () => read(SystemInfo, 'system.info'),
  };
}
