import { InstanceId, ServiceName } from '@trawling/contracts';
import { type Clock, type Logger, systemClock, uuid7 } from '@trawling/runtime';
import { DEFAULT_HEALTH_THRESHOLDS, type HealthThresholds } from './health-rule.js';
import { type Instance, type Probes } from './instance.js';
import { type PublisherEnv } from './publisher-env.js';
import { type Registration } from './registration.js';
import { createStatusSource } from './status-source.js';

export type InstanceOptions = {
  /** Of the kind, e.g. `sync-adapter`; the instance's own id tells them apart. */
  serviceName: string;
  version: string;
  registration: Pick<Registration, 'enabled'>;
  probes: Probes;
  env: Omit<PublisherEnv, 'AGENT_REGISTRATION_FILE'>;
  logger: Logger;
  thresholds?: HealthThresholds;
  clock?: Clock;
  newId?: () => string;
};

/** One process that says what it can do and how it is, and publishes it when OPENCLAW_BASE_URL is set. Stop it. */
export function openInstance(options: InstanceOptions): Instance {
  const { env, clock = systemClock, newId = uuid7 } = options;
  const source = createStatusSource({
    serviceName: ServiceName.parse(options.serviceName),
    instanceId: InstanceId.parse(env.INSTANCE_ID ?? newId()),
    version: options.version,
    registration: options.registration,
    probes: options.probes,
    thresholds: options.thresholds ?? DEFAULT_HEALTH_THRESHOLDS,
    publishIntervalSeconds: env.OPENCLAW_PUBLISH_SECONDS,
    clock,
    logger: options.logger,
  });
  return {
    status: source.status,
    capabilities: source.capabilities,
    taskEnded: source.taskEnded,
    drain: () => source.enter('draining'),
    stop() {
      source.enter('offline');
      return Promise.resolve();
    },
  };
}
