import { type BotConfigPayload, type JsonObject } from '@trawling/contracts';
import {
  canonicalJson,
  diffManaged,
  mergePatch,
  type OpenclawCronJob,
  type OpenclawMachine,
  planCron,
  renderCronJobs,
  renderOpenclawConfig,
} from '@trawling/domain';
import { type CronJobView } from '../gateway/openclaw-types.js';
import { type Fence } from '../state/agent-state.js';

/** What should run. */
export interface Wanted {
  rendered: JsonObject;
  jobs: OpenclawCronJob[];
  /** Content of trading-params.json; null: there is none. */
  tradingParams: string | null;
  secrets: Record<string, string>;
}

/** What runs, as read from the gateway and the files. */
export interface Running {
  /** openclaw.json; null when OpenClaw calls it invalid. */
  config: JsonObject | null;
  configBytes: number;
  /** A config known to be good, to build on when `config` is null. */
  fallback: JsonObject;
  jobs: CronJobView[];
  tradingParams: string | null;
  secrets: Record<string, string> | null;
}

export type Step =
  | { kind: 'write-secrets'; secrets: Record<string, string> }
  | { kind: 'patch-config'; patch: JsonObject; replacePaths: string[] }
  | { kind: 'replace-config'; text: string }
  | { kind: 'write-trading-params'; text: string }
  | { kind: 'add-job'; job: OpenclawCronJob }
  | { kind: 'update-job'; id: string; name: string; patch: Partial<OpenclawCronJob>; expectedConfigRevision: string | undefined }
  | { kind: 'remove-job'; id: string; name: string };

/** The job that looks after open positions: it runs under every fence. */
const RISK_CHECK = 'fleet:risk-check';
/** OpenClaw refuses to shrink its file by more than half; stay clear of its edge. */
const SMALLEST_PATCHED_SHARE = 0.6;

/** What a payload means on this machine, under a fence. */
export function wantedState(input: {
  payload: BotConfigPayload;
  machine: OpenclawMachine;
  fence: Fence;
  secrets: Record<string, string>;
}): Wanted {
  const { payload, machine, fence, secrets } = input;
  const stopped = fence === 'stop';
  const jobs = renderCronJobs(payload, machine).map((job) =>
    stopped && job.declarationKey !== RISK_CHECK ? { ...job, enabled: false } : job,
  );
  const params = {
    ...payload.trading_params,
    trading_enabled: payload.trading_params.trading_enabled && !stopped,
    exits_only: fence !== 'none',
    config_version: payload.version,
  };
  return { rendered: renderOpenclawConfig(payload, machine), jobs, tradingParams: `${JSON.stringify(params, null, 2)}\n`, secrets };
}

/**
 * The steps from what runs to what is wanted, in the order in which they are safe: a secret is there before something
 * refers to it and goes after nothing does; OpenClaw's verdict on the config comes before anything else changes.
 * Empty when they agree, so planning again after executing is the proof.
 */
export function plan(input: {
  running: Running;
  wanted: Wanted;
  /** Everything earlier versions rendered here; null before the first. */
  previous: JsonObject | null;
  /** False in drift repair: a job that OpenClaw gave up on stays off until a new version. */
  reenable: boolean;
}): Step[] {
  const { running, wanted, previous } = input;
  const jobs = input.reenable ? wanted.jobs : leaveGivenUp(wanted.jobs, running.jobs);
  const config = configStep(running, wanted, previous);
  return [
    ...secretsStep(running, wanted, config !== null),
    ...(config ? [config] : []),
    ...(wanted.tradingParams !== null && running.tradingParams !== wanted.tradingParams
      ? [{ kind: 'write-trading-params', text: wanted.tradingParams } as const]
      : []),
    ...planCron(running.jobs, jobs).map((step): Step => {
      if (step.kind === 'add') return { kind: 'add-job', job: step.job };
      if (step.kind === 'remove') return { kind: 'remove-job', id: step.id, name: step.name };
      return { ...step, kind: 'update-job' };
    }),
  ];
}

function configStep(running: Running, wanted: Wanted, previous: JsonObject | null): Step | null {
  const from = running.config ?? running.fallback;
  const { patch, replacePaths, empty } = diffManaged(previous, wanted.rendered, from);
  const target = `${JSON.stringify(empty ? from : mergePatch(from, patch), null, 2)}\n`;
  if (running.config === null) return { kind: 'replace-config', text: target };
  if (empty) return null;
  if (Buffer.byteLength(target) < running.configBytes * SMALLEST_PATCHED_SHARE) return { kind: 'replace-config', text: target };
  return { kind: 'patch-config', patch, replacePaths };
}

/** While the config still changes, the old one may refer to secrets the new one does not: keep both until it is done. */
function secretsStep(running: Running, wanted: Wanted, configChanges: boolean): Step[] {
  const target = configChanges ? { ...running.secrets, ...wanted.secrets } : wanted.secrets;
  if (running.secrets !== null && canonicalJson(running.secrets) === canonicalJson(target)) return [];
  return [{ kind: 'write-secrets', secrets: target }];
}

function leaveGivenUp(wanted: OpenclawCronJob[], current: CronJobView[]): OpenclawCronJob[] {
  const givenUp = new Set(givenUpJobs(current));
  return wanted.map((job) => (givenUp.has(job.declarationKey) ? { ...job, enabled: false } : job));
}

/** Declaration keys of jobs that OpenClaw itself disabled after failures. */
export const givenUpJobs = (current: readonly CronJobView[]): string[] =>
  current.filter((job) => !job.enabled && job.state.autoDisabled !== undefined).map((job) => job.declarationKey ?? '');

/** What a step touches, to count repairs by and to name in reports. */
export function pathsOf(step: Step): string[] {
  switch (step.kind) {
    case 'patch-config':
      return leafPaths(step.patch);
    case 'replace-config':
      return ['openclaw.json'];
    case 'write-trading-params':
      return ['trading-params.json'];
    case 'write-secrets':
      return ['secrets.json'];
    case 'add-job':
      return [`cron.${step.job.declarationKey}`];
    case 'update-job':
      return Object.keys(step.patch).map((field) => `cron.${step.name}.${field}`);
    case 'remove-job':
      return [`cron.${step.name}`];
  }
}

function leafPaths(patch: JsonObject, prefix = ''): string[] {
  return Object.entries(patch).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const isBranch = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isBranch ? leafPaths(value, path) : [path];
  });
}
