import { type AckError, type BotConfigPayload, type JsonObject } from '@trawling/contracts';
import { CryptoError } from '@trawling/crypto';
import { mergePatch, type OpenclawMachine, renderOpenclawConfig } from '@trawling/domain';
import { GatewayError } from '../gateway/gateway-error.js';
import { type AgentState, type Applied, type Attempt, type Fence } from '../state/agent-state.js';
import { SyncError } from '../sync/sync-error.js';
import { type ApplyDeps } from './apply-deps.js';
import { converge } from './converge.js';
import { missingReferences, MissingReferences } from './missing-references.js';
import { readConfig } from './observe.js';
import { wantedState } from './plan.js';
import { restoreBase } from './restore.js';
import { verifyRunning } from './verify-running.js';
import { waitUntilReady } from './wait-for-gateway.js';

export interface ApplyVersionDeps extends ApplyDeps {
  state: AgentState;
  machine: OpenclawMachine;
  /** Values of the secrets the payload names, in the versions it names. Throws SyncError while they are not there. */
  secretsFor(payload: BotConfigPayload): Promise<Record<string, string>>;
  /** Names of the environment variables that the gateway has on this machine. */
  gatewayEnv: readonly string[];
}

export type Outcome =
  | { kind: 'applied'; applied: Applied }
  | { kind: 'failed'; error: AckError }
  /** Not now, for a reason that is nobody's fault; try again. */
  | { kind: 'later'; error: AckError; retryAfterMs: number | null };

/** How long an attempt may be put off before it counts as failed. */
export const DEADLINE_MS = 10 * 60_000;
/** The loop looks at other things in between. */
const CONNECT_MS = 10_000;

/**
 * Takes up a payload: journals what runs now, so that a failure can put it back and a crash can go on. An attempt in
 * progress hands over its base: what ran before it is still the last known good. A version that is still watched stays
 * so: if this one fails, that one runs again and has to show that it is healthy.
 */
export async function beginAttempt(
  { state, host, paths, clock, machine }: Pick<ApplyVersionDeps, 'state' | 'host' | 'paths' | 'clock' | 'machine'>,
  payload: BotConfigPayload,
): Promise<Attempt> {
  const unfinished = state.attempt.current();
  const attempt: Attempt = {
    payload,
    started_at: clock.now().toISOString(),
    spent_ms: 0,
    base: unfinished?.base ?? {
      config: await host.readText(paths.openclawConfig),
      secrets: await host.readText(paths.secrets),
      trading_params: await host.readText(paths.tradingParams),
    },
    superseded: unfinished ? [...unfinished.superseded, renderOpenclawConfig(unfinished.payload, machine)] : [],
    verdict: null,
  };
  await state.attempt.write(attempt);
  return attempt;
}

/**
 * One try at bringing the machine to the attempt's version. May be called again after a crash at any point. The
 * journal stays: whoever calls removes it once the outcome is reported.
 */
export async function applyVersion(deps: ApplyVersionDeps, attempt: Attempt, fence: Fence, spentMs = attempt.spent_ms): Promise<Outcome> {
  if (attempt.verdict) return fail(deps, attempt, attempt.verdict);
  try {
    const applied = await tryToApply(deps, attempt, fence);
    return { kind: 'applied', applied };
  } catch (error) {
    const reason = classify(error);
    if (reason.final) return fail(deps, attempt, reason.error);
    if (spentMs > DEADLINE_MS) return fail(deps, attempt, { ...reason.error, message: `given up after 10 minutes: ${reason.error.message}`.slice(0, 4000) });
    return { kind: 'later', error: reason.error, retryAfterMs: reason.retryAfterMs };
  }
}

async function tryToApply(deps: ApplyVersionDeps, attempt: Attempt, fence: Fence): Promise<Applied> {
  const { state, clock, machine } = deps;
  const { payload } = attempt;
  const secrets = await deps.secretsFor(payload);
  const wanted = wantedState({ payload, machine, fence, secrets });
  const missing = missingReferences(wanted.rendered, { secrets, env: deps.gatewayEnv });
  if (missing.length > 0) throw new MissingReferences(missing);
  await waitUntilReady(deps, { connectMs: CONNECT_MS });

  const before = state.applied.current();
  await converge(deps, {
    wanted,
    previous: previouslyRendered(before, attempt),
    fallback: readConfig(attempt.base.config ?? ''),
    reenable: true,
    note: `fleet version ${payload.version}`,
  });
  const revision_hash = await verifyRunning(deps, wanted.rendered);

  const applied: Applied = { payload, rendered: wanted.rendered, applied_at: clock.now().toISOString(), revision_hash };
  await state.writeGoodConfig((await deps.host.readText(deps.paths.openclawConfig)) ?? '');
  if (before?.payload.hash !== payload.hash) await beginWatch(state, attempt);
  await state.applied.write(applied);
  return applied;
}

/**
 * Watches the attempt's version from now on. One that was watched until now never became good: what was good before it
 * is what both would be taken back to.
 */
export async function beginWatch(state: AgentState, { payload, base }: Attempt): Promise<void> {
  const watched = state.probation.current();
  await state.probation.write({ payload, base: watched?.base ?? base, previous: watched ? watched.previous : state.applied.current() });
}

function previouslyRendered(applied: Applied | null, attempt: Attempt): JsonObject | null {
  const all = [...(applied ? [applied.rendered] : []), ...attempt.superseded];
  return all.length === 0 ? null : all.reduce((union, rendered) => mergePatch(union, rendered));
}

/** The verdict is on the disk before anything is put back, so that a crash cannot turn a failure into another try. */
async function fail(deps: ApplyVersionDeps, attempt: Attempt, error: AckError): Promise<Outcome> {
  await deps.state.attempt.write({ ...attempt, verdict: error });
  await restoreBase(deps, attempt.base);
  return { kind: 'failed', error };
}

type Reason = { final: true; error: AckError } | { final: false; error: AckError; retryAfterMs: number | null };

function classify(error: unknown): Reason {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 3900);
  if (error instanceof GatewayError) {
    const { failure } = error;
    switch (failure.kind) {
      case 'rejected':
        return { final: true, error: { code: 'openclaw-rejected', message, issues: failure.issues.slice(0, 100) } };
      case 'rate-limited':
        return { final: false, error: { code: 'openclaw-rate-limited', message }, retryAfterMs: failure.retryAfterMs };
      case 'conflict':
        return { final: false, error: { code: 'openclaw-conflict', message }, retryAfterMs: null };
      case 'away':
        return { final: false, error: { code: 'gateway-away', message }, retryAfterMs: failure.retryAfterMs };
    }
  }
  if (error instanceof MissingReferences) return { final: true, error: { code: 'missing-references', message, issues: error.issues.slice(0, 100) } };
  if (error instanceof CryptoError) return { final: false, error: { code: 'secret-refused', message }, retryAfterMs: null };
  if (error instanceof SyncError) {
    const { failure } = error;
    if (failure.kind !== 'busy') return { final: false, error: { code: `sync-${failure.kind}`, message }, retryAfterMs: null };
    const issues = failure.issues ? { issues: failure.issues } : {};
    return { final: false, error: { code: failure.code, message, ...issues }, retryAfterMs: failure.retryAfterMs };
  }
  return { final: false, error: { code: 'agent-error', message }, retryAfterMs: null };
}
