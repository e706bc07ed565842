import { type CapabilitiesView, type DefaultHealthDetails, type InstanceHealth, type InstanceStatus, type JsonObject, STATUS_SCHEMA_VERSION } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { degradedBecause, errorRate, type HealthState, type HealthThresholds, HEALTHY, isDegraded, nextHealth } from './health-rule.js';
import { type Probes } from './instance.js';
import { readProbes } from './read-probes.js';
import { type Registration } from './registration.js';
import { createTaskWindow } from './task-window.js';

export type StatusSourceOptions = {
  serviceName: string;
  instanceId: string;
  version: string;
  registration: Pick<Registration, 'enabled'>;
  probes: Probes;
  thresholds: HealthThresholds;
  publishIntervalSeconds: number;
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
};

/** Life as a receiver sees it: from `serving` on, never back. */
export type Phase = 'serving' | 'draining' | 'offline';

export type StatusSource = {
  /** Looks at the probes, and makes the next status. */
  status: () => InstanceStatus;
  capabilities: () => CapabilitiesView;
  taskEnded: (ok: boolean) => void;
  /** Goes on to this phase, unless a later one was reached. */
  enter: (phase: 'draining' | 'offline') => void;
  /** Looks at the probes. What has to be published at once when it differs from what was published last. */
  essence: () => string;
};

/** What is known of this process, put together each time it is asked for. */
export function createStatusSource(options: StatusSourceOptions): StatusSource {
  const { clock, thresholds } = options;
  const enabled = readEnabled(options.registration, options.logger);
  const startedMs = clock.monotonicMs();
  const tasks = createTaskWindow(thresholds.errors.windowMs);
  const probe = readProbes(options.probes, options.logger);
  let health: HealthState = HEALTHY;
  let phase: Phase = 'serving';
  let sequence = 0;
  let lastSuccessMs: number | null = null;

  const look = () => {
    const atMs = clock.monotonicMs();
    const seen = probe();
    const counts = tasks.counts(atMs);
    health = nextHealth(health, { atMs, tasks: counts, ...seen.capacity, impairedBy: seen.impairedBy }, thresholds);
    const status: InstanceHealth = phase !== 'serving' ? phase : isDegraded(health) ? 'degraded' : 'healthy';
    return { atMs, seen, counts, status };
  };

  return {
    status() {
      const { atMs, seen, counts, status } = look();
      const details: JsonObject = {
        ...seen.details,
        ...({
          last_task_success_seconds: lastSuccessMs === null ? null : seconds(atMs - lastSuccessMs),
          publish_interval_seconds: options.publishIntervalSeconds,
        } satisfies DefaultHealthDetails),
        error_rate: errorRate(counts, thresholds.errors.minTasks),
        degraded_because: degradedBecause(health),
      };
      // Above every number of an earlier process under the same INSTANCE_ID, too: a receiver ignores what is not.
      sequence = Math.max(sequence + 1, clock.now().getTime());
      return {
        schema_version: STATUS_SCHEMA_VERSION,
        service_name: options.serviceName,
        instance_id: options.instanceId,
        sequence,
        timestamp: clock.now().toISOString(),
        uptime_seconds: seconds(atMs - startedMs),
        version: options.version,
        capabilities: enabled().map(({ name }) => name),
        capacity: { concurrent_tasks: seen.capacity.concurrentTasks, queue_length: seen.capacity.queueLength },
        health: { status, details },
      };
    },
    capabilities: () => ({
      service_name: options.serviceName,
      version: options.version,
      capabilities: enabled().map(({ name, description }) => ({ name, description })),
    }),
    taskEnded(ok) {
      const atMs = clock.monotonicMs();
      tasks.add(atMs, ok);
      if (ok) lastSuccessMs = atMs;
    },
    enter(next) {
      if (phase !== 'offline') phase = next;
    },
    essence: () => essenceOf({ health: { status: look().status }, capabilities: enabled().map(({ name }) => name) }),
  };
}

/** Of a status: what may not wait for the next turn. */
export const essenceOf = ({ health, capabilities }: { health: { status: InstanceHealth }; capabilities: readonly string[] }): string =>
  [health.status, ...capabilities].join(' ');

const seconds = (ms: number): number => Math.round(ms / 1000);

/** What it throws is reported once, and what it said last counts: nothing that a service brings along ends the publishing. */
function readEnabled(registration: Pick<Registration, 'enabled'>, logger: Pick<Logger, 'warn'>): Registration['enabled'] {
  let last: ReturnType<Registration['enabled']> = [];
  let complained = false;
  return () => {
    try {
      last = registration.enabled();
      complained = false;
    } catch (error) {
      if (!complained) logger.warn({ err: error }, 'the agent registration of this service failed');
      complained = true;
    }
    return last;
  };
}
