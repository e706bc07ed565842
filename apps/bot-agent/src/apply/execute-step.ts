import { JsonObject } from '@trawling/contracts';
import { GatewayError } from '../gateway/gateway-error.js';
import { type ConfigSnapshot } from '../gateway/openclaw-types.js';
import { type ApplyDeps } from './apply-deps.js';
import { type Step } from './plan.js';
import { waitUntilReady, waitUntilSettled } from './wait-for-gateway.js';

export interface StepContext {
  /** What the plan was made from. */
  snapshot: ConfigSnapshot;
  /** Goes into OpenClaw's log beside the change. */
  note: string;
}

type Executors = { [K in Step['kind']]: (deps: ApplyDeps, step: Extract<Step, { kind: K }>, context: StepContext) => Promise<void> };

const executors: Executors = {
  'write-secrets': async ({ host, paths, api }, { secrets }) => {
    await host.writeAtomic(paths.secrets, JSON.stringify(secrets));
    await api.secretsReload();
  },

  'patch-config': async (deps, { patch, replacePaths }, { snapshot, note }) => {
    const bootId = deps.gateway.bootId();
    const result = await deps.api.configPatch({ patch, replacePaths, note, baseHash: snapshot.hash });
    if (result.sentinel?.payload.stats.requiresRestart) await waitUntilReady(deps, { notBootId: bootId });
    await waitUntilSettled(deps);
  },

  'replace-config': async (deps, { text }, { snapshot }) => {
    const verdict = await deps.cli.validate(text);
    if (verdict.valid === 'unknown') throw new GatewayError({ kind: 'away', retryAfterMs: null }, verdict.reason);
    if (!verdict.valid) throw new GatewayError({ kind: 'rejected', code: 'INVALID_CONFIG', issues: verdict.issues }, 'OpenClaw calls the config invalid');
    await deps.host.writeAtomic(deps.paths.openclawConfig, text);
    await waitUntilSettled(deps, { notHash: snapshot.hash });
  },

  'write-trading-params': ({ host, paths }, { text }) => host.writeAtomic(paths.tradingParams, text),
  'add-job': ({ api }, { job }) => api.cronAdd(JsonObject.parse(job)),
  'update-job': ({ api }, { id, patch, expectedConfigRevision }) => api.cronUpdate({ id, patch: JsonObject.parse(patch), expectedConfigRevision }),
  'remove-job': ({ api }, { id }) => api.cronRemove(id),
};

/** Executes one step of a plan. Throws GatewayError. */
export const executeStep = <K extends Step['kind']>(
  deps: ApplyDeps,
  kind: K,
  step: Extract<Step, { kind: K }>,
  context: StepContext,
): Promise<void> => executors[kind](deps, step, context);
