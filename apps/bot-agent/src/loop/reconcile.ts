import { type AckError, type BotConfigPayload } from '@trawling/contracts';
import { backoffMs, type Logger } from '@trawling/runtime';
import { applyVersion, type ApplyVersionDeps, beginAttempt, type Outcome } from '../apply/apply-version.js';
import { type Reporter } from '../reports/reporter.js';
import { type Attempt, type Fence } from '../state/agent-state.js';
import { type AttemptTimer } from './attempt-timer.js';
import { keepInLine, type KeepInLineDeps } from './keep-in-line.js';

export interface ReconcileDeps extends ApplyVersionDeps, KeepInLineDeps {
  heal(): Promise<void>;
  fence(): Fence;
  /** Takes a version back that the gateway is not healthy with. */
  watchApplied(): Promise<void>;
  timer: AttemptTimer;
  /** The newest verified payload that was not taken up yet. */
  offered(): BotConfigPayload | null;
  /** It is in the journal, or is none to take up. */
  takenUp(payload: BotConfigPayload): void;
  reporter: Pick<Reporter, 'ack' | 'event' | 'metric'>;
  logger: Logger;
  random(): number;
  /** An outcome changed what the next heartbeat says. */
  onOutcome(kind: Outcome['kind']): void;
}

const LONGEST_WAIT_MS = 15_000;

/**
 * One look: heal the gateway, take up what was offered, go on with what is in progress, else hold what runs to what
 * was applied. Returns how soon to look again, in milliseconds; null for the usual pace.
 */
export async function reconcile(deps: ReconcileDeps, driftDue = true): Promise<number | null> {
  await deps.heal();
  await deps.watchApplied();
  const offered = deps.offered();
  if (offered && !hasToWait(deps)) {
    if (isNew(deps, offered)) await takeUp(deps, offered);
    deps.takenUp(offered);
  }
  const attempt = deps.state.attempt.current();
  if (attempt) return goOn(deps, attempt);
  if (deps.gateway.state() === 'ready') await keepInLine(deps, { applied: deps.state.applied.current(), fence: deps.fence(), driftDue });
  return null;
}

async function takeUp(deps: ReconcileDeps, payload: BotConfigPayload): Promise<void> {
  deps.said.later = '';
  deps.said.tries = 0;
  await beginAttempt(deps, payload);
  await deps.reporter.ack(payload, 'applying');
}

/**
 * What was lost is put back first, and a gateway that a watched version may have ended comes back first, with that
 * version or without it: the newer one could do nothing but wait for it, and would take the blame.
 */
function hasToWait({ state, gateway }: ReconcileDeps): boolean {
  const isLost = Boolean(state.attempt.current()?.verdict);
  return isLost || (state.probation.current() !== null && gateway.state() !== 'ready');
}

/** Something newer than what runs, is being tried, or has failed. */
function isNew({ state }: ReconcileDeps, offered: BotConfigPayload): boolean {
  const known = [state.applied.current()?.payload, state.attempt.current()?.payload, state.progress().failed];
  return known.every((one) => !one || one.hash !== offered.hash);
}

async function goOn(deps: ReconcileDeps, attempt: Attempt): Promise<number | null> {
  const started = deps.clock.monotonicMs();
  const outcome = await applyVersion(deps, attempt, deps.fence(), deps.timer.spentMs(attempt));
  await settle(deps, attempt, outcome);
  if (outcome.kind === 'applied') await deps.reporter.metric('config.apply_ms', Math.round(deps.clock.monotonicMs() - started));
  deps.onOutcome(outcome.kind);
  if (outcome.kind !== 'later') return 0;
  deps.said.tries += 1;
  await deps.timer.remember(attempt);
  return outcome.retryAfterMs ?? backoffMs({ attempt: deps.said.tries, baseMs: 500, maxMs: LONGEST_WAIT_MS, random: deps.random });
}

/** The verdict is on its way before the journal goes: a crash in between says it twice, never not at all. */
async function settle(deps: ReconcileDeps, attempt: Attempt, outcome: Outcome): Promise<void> {
  const { payload } = attempt;
  const log = { config_version: payload.version, outcome: outcome.kind };
  switch (outcome.kind) {
    case 'applied':
      deps.logger.info(log, 'config applied');
      deps.said.drift = [];
      await deps.reporter.ack(payload, 'applied');
      await deps.state.updateProgress({ failed: null, unsettled: false, fence: deps.fence() });
      return deps.state.attempt.remove();
    case 'failed':
      deps.logger.warn({ ...log, error: outcome.error }, 'config failed');
      await deps.reporter.ack(payload, 'failed', outcome.error);
      await deps.state.updateProgress({ failed: { version: payload.version, hash: payload.hash }, unsettled: true });
      return deps.state.attempt.remove();
    case 'later':
      return sayLater(deps, payload, outcome.error);
  }
}

async function sayLater(deps: ReconcileDeps, payload: BotConfigPayload, error: AckError): Promise<void> {
  const reason = `${payload.version} ${error.code}`;
  if (reason === deps.said.later) return;
  deps.said.later = reason;
  deps.logger.info({ config_version: payload.version, error }, 'not applied yet');
  await deps.reporter.ack(payload, 'applying', error);
}
