import { canonicalJson, type OpenclawMachine } from '@trawling/domain';
import { type ApplyDeps } from '../apply/apply-deps.js';
import { converge } from '../apply/converge.js';
import { observe, readConfig, readSecrets } from '../apply/observe.js';
import { givenUpJobs, plan, type Wanted, wantedState } from '../apply/plan.js';
import { GatewayError } from '../gateway/gateway-error.js';
import { type Reporter } from '../reports/reporter.js';
import { type AgentState, type Applied, type Fence } from '../state/agent-state.js';
import { driftPaths } from './drift-paths.js';
import { type RepairLimit } from './repair-limit.js';

export interface KeepInLineDeps extends ApplyDeps {
  state: AgentState;
  machine: OpenclawMachine;
  reporter: Pick<Reporter, 'event'>;
  repairLimit: RepairLimit;
  said: Said;
}

/** What was last said about something that goes on, so that it is said once; and how often it was tried. */
export interface Said {
  /** What is not as applied and is left so. */
  drift: readonly string[];
  /** The drift that the last event was about, and when that was. */
  driftTold: { paths: string; atMs: number };
  /** Declaration keys of jobs that OpenClaw itself disabled. */
  givenUp: readonly string[];
  later: string;
  tries: number;
}
export const nothingSaid = (): Said => ({ drift: [], driftTold: { paths: '[]', atMs: 0 }, givenUp: [], later: '', tries: 0 });

const TELL_DRIFT_AGAIN_MS = 3_600_000;

/**
 * Holds what runs to what was applied. Our own doing (a fence, a restore, another webhook port) is carried out; what
 * somebody else changed is drift, and is repaired or only reported, as the bot's policy says. Throws GatewayError.
 */
export async function keepInLine(deps: KeepInLineDeps, input: { applied: Applied | null; fence: Fence; driftDue: boolean }): Promise<void> {
  const { applied, fence } = input;
  const { state, machine, host, paths } = deps;
  const progress = state.progress();
  if (applied === null) {
    if (progress.unsettled) await removeOwnJobs(deps);
    return;
  }
  const secrets = readSecrets(await host.readText(paths.secrets)) ?? {};
  const wanted = wantedState({ payload: applied.payload, machine, fence, secrets });
  const rendersAnew = canonicalJson(wanted.rendered) !== canonicalJson(applied.rendered);
  if (progress.unsettled || progress.fence !== fence || rendersAnew) {
    await bringInLine(deps, { applied, wanted, note: `fleet version ${applied.payload.version}` });
    if (progress.fence !== fence) await sayFence(deps, fence);
    await state.updateProgress({ unsettled: false, fence });
    return;
  }
  if (input.driftDue) await checkDrift(deps, applied, wanted);
}

async function checkDrift(deps: KeepInLineDeps, applied: Applied, wanted: Wanted): Promise<void> {
  const { running } = await observe(deps, await fallbackOf(deps));
  await sayGivenUp(deps, givenUpJobs(running.jobs));
  const steps = plan({ running, wanted, previous: applied.rendered, reenable: false });
  if (steps.length === 0) {
    deps.said.drift = [];
    return;
  }
  const changed = driftPaths(steps);
  const nowMs = deps.clock.monotonicMs();
  const exhausted = deps.repairLimit.exhausted(changed, nowMs);
  if (applied.payload.agent_config.drift_policy === 'report' || exhausted.length > 0) {
    deps.said.drift = changed;
    await sayDrift(deps, { version: applied.payload.version, changed, exhausted, nowMs });
    return;
  }
  deps.said.drift = [];
  deps.logger.warn({ paths: changed, config_version: applied.payload.version }, 'repairing drift');
  try {
    await bringInLine(deps, { applied, wanted, note: `fleet version ${applied.payload.version}: drift repaired` });
  } catch (error) {
    // A gateway that went away in between is no repair that somebody undid; one that OpenClaw refuses must not be tried for ever.
    if (!isAway(error)) deps.repairLimit.record(changed, nowMs);
    throw error;
  }
  deps.repairLimit.record(changed, nowMs);
  await deps.reporter.event('drift_repaired', 'warning', `What ran was not version ${applied.payload.version}; brought back`, { paths: changed });
}

/** Once, also when somebody puts it right and changes it again every minute. */
async function sayDrift(deps: KeepInLineDeps, input: { version: string; changed: string[]; exhausted: string[]; nowMs: number }): Promise<void> {
  const { changed, exhausted, nowMs } = input;
  const { said } = deps;
  const paths = canonicalJson(changed);
  if (said.driftTold.paths === paths && nowMs - said.driftTold.atMs < TELL_DRIFT_AGAIN_MS) return;
  said.driftTold = { paths, atMs: nowMs };
  const why = exhausted.length > 0 ? 'it was changed again after three repairs' : 'the policy is to report';
  await deps.reporter.event('drift_detected', 'warning', `What runs is not version ${input.version}; not repaired: ${why}`, { paths: changed, exhausted });
}

async function bringInLine(deps: KeepInLineDeps, input: { applied: Applied; wanted: Wanted; note: string }): Promise<void> {
  const { applied, wanted } = input;
  const { observation } = await converge(deps, {
    wanted,
    previous: applied.rendered,
    fallback: await fallbackOf(deps),
    reenable: false,
    note: input.note,
  });
  await deps.state.writeGoodConfig((await deps.host.readText(deps.paths.openclawConfig)) ?? '');
  await deps.state.applied.write({ ...applied, rendered: wanted.rendered, revision_hash: observation.snapshot.configRevisionHash });
}

/** The first version failed: what it left behind goes. */
async function removeOwnJobs(deps: KeepInLineDeps): Promise<void> {
  const fallback = await fallbackOf(deps);
  const secrets = readSecrets(await deps.host.readText(deps.paths.secrets)) ?? {};
  await converge(deps, { wanted: { rendered: {}, jobs: [], tradingParams: null, secrets }, previous: null, fallback, reenable: false, note: 'fleet' });
  await deps.state.updateProgress({ unsettled: false });
}

const fallbackOf = async ({ state }: KeepInLineDeps) => readConfig((await state.readGoodConfig()) ?? '');

async function sayFence({ reporter }: KeepInLineDeps, fence: Fence): Promise<void> {
  if (fence === 'none') await reporter.event('fence_lifted', 'info', 'The control plane is back; the bot trades as configured');
  else await reporter.event('fenced', 'warning', `Nobody renewed the lease: ${fence === 'stop' ? 'trading jobs are off' : 'exits only'}`, { fence });
}

async function sayGivenUp({ reporter, said }: KeepInLineDeps, jobs: string[]): Promise<void> {
  if (canonicalJson([...said.givenUp]) === canonicalJson(jobs)) return;
  said.givenUp = jobs;
  if (jobs.length > 0) await reporter.event('jobs_disabled', 'error', `OpenClaw disabled jobs after repeated failures: ${jobs.join(', ')}`, { jobs });
}

const isAway = (error: unknown): boolean => error instanceof GatewayError && (error.failure.kind === 'away' || error.failure.kind === 'rate-limited');
