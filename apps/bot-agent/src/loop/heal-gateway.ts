import { type Issue, type JsonObject } from '@trawling/contracts';
import { generateBootstrapConfig, type OpenclawMachine } from '@trawling/domain';
import { type ApplyDeps } from '../apply/apply-deps.js';
import { askForRestart } from '../apply/restore.js';
import { type Reporter } from '../reports/reporter.js';
import { type AgentState } from '../state/agent-state.js';

export interface HealDeps extends Pick<ApplyDeps, 'host' | 'paths' | 'clock' | 'cli' | 'gateway' | 'logger'> {
  state: AgentState;
  machine: OpenclawMachine;
  reporter: Pick<Reporter, 'event'>;
}

/** How long a gateway may be down before its config is looked at, in milliseconds. */
const DOWN_MS = 8_000;
/** A first start takes half a minute, and the validator would take it one of its cores. */
const FIRST_DOWN_MS = 30_000;

/**
 * A gateway that finds its config broken exits with 78 and is not started again until the file changes. Called again
 * and again while the gateway is down; puts the last known good config back when OpenClaw's own validator calls the
 * file invalid, and asks the supervisor for a start.
 */
export function createGatewayHealer(deps: HealDeps): () => Promise<void> {
  const { host, paths, clock, cli, gateway, state, logger } = deps;
  let downSinceMs = clock.monotonicMs();
  let knownGood: string | null = null;

  return async () => {
    if (gateway.state() !== 'down') {
      downSinceMs = clock.monotonicMs();
      return;
    }
    const patienceMs = state.applied.current() ? DOWN_MS : FIRST_DOWN_MS;
    if (clock.monotonicMs() - downSinceMs < patienceMs) return;
    downSinceMs = clock.monotonicMs();

    const text = (await host.readText(paths.openclawConfig)) ?? '';
    if (text === knownGood || text === (await state.readGoodConfig())) return;
    const verdict = await cli.validate(text);
    if (verdict.valid === true) knownGood = text;
    if (verdict.valid !== false) return;

    const good = await lastGood(deps);
    logger.error({ issues: verdict.issues }, 'the gateway cannot start with its config; restoring the last good one');
    await host.writeAtomic(`${paths.openclawConfig}.broken`, text);
    await host.writeAtomic(paths.openclawConfig, good);
    await askForRestart(deps);
    await state.updateProgress({ unsettled: true });
    const issues: Issue[] = verdict.issues.slice(0, 20);
    await deps.reporter.event('config_restored', 'error', 'OpenClaw could not start with its config; the last good one was put back', { issues });
  };
}

/** Applied and healthy once; else what the machine started from; else what every machine starts from. */
async function lastGood({ state, machine }: HealDeps): Promise<string> {
  const base = state.attempt.current()?.base.config;
  const bootstrap: JsonObject = generateBootstrapConfig(machine);
  return (await state.readGoodConfig()) ?? (base && isObject(base) ? base : JSON.stringify(bootstrap, null, 2));
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
