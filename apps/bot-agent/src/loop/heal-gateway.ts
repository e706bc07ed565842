import { type Issue, type JsonObject } from '@trawling/contracts';
import { generateBootstrapConfig, type OpenclawMachine } from '@trawling/domain';
import { type ApplyDeps } from '../apply/apply-deps.js';
import { type Reporter } from '../reports/reporter.js';
import { type AgentState } from '../state/agent-state.js';

export interface HealDeps extends Pick<ApplyDeps, 'host' | 'paths' | 'clock' | 'cli' | 'gateway' | 'control' | 'logger'> {
  state: AgentState;
  machine: OpenclawMachine;
  reporter: Pick<Reporter, 'event'>;
}

/** How long a gateway may be down before its config is looked at, in milliseconds. */
const DOWN_MS = 8_000;
/** A first start takes half a minute, and the validator would take it one of its cores. */
const FIRST_DOWN_MS = 30_000;
/** How often a start is asked for of a gateway that stopped for good with a config that is fine. */
const START_EVERY_MS = 60_000;

/**
 * A gateway that finds its config broken exits with 78 and is not started again until the file changes. Called again
 * and again while the gateway is down; puts the last known good config back when OpenClaw's own validator calls the
 * file invalid, and asks for a start. One that stopped for good with a config that is fine is started again, too.
 */
export function createGatewayHealer(deps: HealDeps): () => Promise<void> {
  const { host, paths, clock, cli, gateway, control, state, logger } = deps;
  let downSinceMs = clock.monotonicMs();
  let knownGood: string | null = null;
  let startedMs = -Infinity;

  const startWhatStopped = async () => {
    if (clock.monotonicMs() - startedMs < START_EVERY_MS || (await control.state()) !== 'stopped') return;
    startedMs = clock.monotonicMs();
    logger.warn('the gateway stopped for good and its config is fine; asking for a start');
    await control.restart();
  };

  return async () => {
    if (gateway.state() !== 'down') {
      downSinceMs = clock.monotonicMs();
      return;
    }
    const patienceMs = state.applied.current() ? DOWN_MS : FIRST_DOWN_MS;
    if (clock.monotonicMs() - downSinceMs < patienceMs) return;
    downSinceMs = clock.monotonicMs();

    const text = await host.readText(paths.openclawConfig);
    // Made before the first start: there is no gateway yet.
    if (text === null && !state.applied.current()) return;
    if (text !== null && (text === knownGood || text === (await state.readGoodConfig()))) return startWhatStopped();
    const verdict = await cli.validate(text ?? '');
    if (verdict.valid === 'unknown') return;
    if (verdict.valid) {
      knownGood = text;
      return startWhatStopped();
    }

    const good = await lastGood(deps);
    logger.error({ issues: verdict.issues }, 'the gateway cannot start with its config; restoring the last good one');
    await host.writeAtomic(`${paths.openclawConfig}.broken`, text ?? '');
    await host.writeAtomic(paths.openclawConfig, good);
    await control.restart();
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
