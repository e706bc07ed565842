import { BOT_SERVICE_NAME, type BotId, type MachineSpec } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { type Instance, openInstance, type Probes, type PublisherEnv, type Registration } from '@trawling/status-publisher';
import { type Registry } from 'prom-client';
import { CONFIG_CAPABILITIES } from './bot-capabilities.js';
import { type StatusOfBot } from './bot-status.js';

/** The agent as an instance: what it publishes, if it is told where, and what its `/status` answers, is what its heartbeat says. */
export function openAgentInstance(deps: {
  spec: Pick<MachineSpec, 'bot_id' | 'generation'>;
  version: string;
  registration: Pick<Registration, 'enabled'>;
  status(): StatusOfBot;
  env: PublisherEnv;
  /** Where the publisher counts. */
  registry: Registry;
  clock: Clock;
  logger: Logger;
}): Instance {
  const { status, spec, registration } = deps;
  const describe = new Map(CONFIG_CAPABILITIES.map((one) => [one.name, one.description]));
  return openInstance({
    serviceName: BOT_SERVICE_NAME,
    version: deps.version,
    registration: {
      enabled: () => {
        const described = new Map(registration.enabled().map((one) => [one.name, one.description]));
        return status().capabilities.map((name) => ({ name, description: described.get(name) ?? describe.get(name) ?? name, enabled: true }));
      },
    },
    probes: probesOf(spec, status),
    env: publishes(deps),
    registry: deps.registry,
    clock: deps.clock,
    logger: deps.logger,
  });
}

/** A URL without its key is no reason for an agent not to start: nobody could stop its bot. */
function publishes({ env, logger }: { env: PublisherEnv; logger: Logger }): PublisherEnv {
  if (env.OPENCLAW_BASE_URL === undefined || env.OPENCLAW_API_KEY !== undefined) return env;
  logger.error('OPENCLAW_BASE_URL is set without OPENCLAW_API_KEY: this agent publishes nothing');
  return { ...env, OPENCLAW_BASE_URL: undefined };
}

const probesOf = (spec: { bot_id: BotId; generation: number }, status: () => StatusOfBot): Probes => ({
  concurrentTasks: () => status().capacity.concurrent_tasks,
  queueLength: () => status().capacity.queue_length,
  details: () => ({ ...status().health.details, bot_id: spec.bot_id, generation: spec.generation, applied_version: status().applied_version }),
  impairedBy: () => {
    const { health } = status();
    return health.status === 'healthy' ? null : `the bot is ${health.status}`;
  },
});
