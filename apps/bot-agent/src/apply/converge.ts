import { type JsonObject } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { away, GatewayError } from '../gateway/gateway-error.js';
import { type ApplyDeps } from './apply-deps.js';
import { executeStep } from './execute-step.js';
import { observe, type Observation } from './observe.js';
import { pathsOf, plan, type Step, type Wanted } from './plan.js';

export interface ConvergeInput {
  wanted: Wanted;
  previous: JsonObject | null;
  fallback: JsonObject;
  reenable: boolean;
  note: string;
}

/** Each round is planned from what is really there; two are enough unless somebody else writes as well. */
const MAX_ROUNDS = 8;

/**
 * Observe, plan, execute, look again, until nothing is left to do. Returns the steps it took. Throws GatewayError:
 * `rejected` for OpenClaw's refusal and for a plan that never gets empty.
 */
export async function converge(deps: ApplyDeps, input: ConvergeInput): Promise<{ steps: Step[]; observation: Observation }> {
  const taken: Step[] = [];
  let before = '';
  for (let round = 0; ; round += 1) {
    const observation = await observe(deps, input.fallback);
    const steps = plan({ running: observation.running, wanted: input.wanted, previous: input.previous, reenable: input.reenable });
    if (steps.length === 0) return { steps: taken, observation };

    const again = canonicalJson(steps);
    if (again === before) throw notConverging(steps);
    if (round >= MAX_ROUNDS) throw away('somebody else keeps changing the config or the jobs');
    before = again;
    for (const step of steps) {
      if (await executed(deps, step, { snapshot: observation.snapshot, note: input.note })) taken.push(step);
      else {
        before = '';
        break;
      }
    }
  }
}

/** False on a conflict: what the plan was made from is no longer so. */
async function executed(deps: ApplyDeps, step: Step, context: { snapshot: Observation['snapshot']; note: string }): Promise<boolean> {
  deps.logger.debug({ step: step.kind, paths: pathsOf(step) }, 'step');
  try {
    await executeStep(deps, step.kind, step, context);
    return true;
  } catch (error) {
    if (error instanceof GatewayError && error.failure.kind === 'conflict') return false;
    throw error;
  }
}

function notConverging(steps: Step[]): GatewayError {
  const issues = steps.flatMap(pathsOf).map((path) => ({ path, message: 'is not what was set, although OpenClaw took it' }));
  return new GatewayError({ kind: 'rejected', code: 'NOT_CONVERGING', issues }, 'OpenClaw accepts the settings but does not keep them');
}
