import { InstanceId, InstanceStatus, ServiceName } from '@trawling/contracts';
import { type Clock, type Logger, systemClock, uuid7 } from '@trawling/runtime';
import { type Registry } from 'prom-client';
import { DEFAULT_HEALTH_THRESHOLDS, type HealthThresholds } from './health-rule.js';
import { type Instance, type Probes } from './instance.js';
import { createTelemetry, type PublishEvent } from './publish-telemetry.js';
import { LOOK_EVERY_MS, startPublisher } from './publisher.js';
import { type PublisherEnv } from './publisher-env.js';
import { publisherSettings, type PublisherSettings } from './publisher-settings.js';
import { type Registration } from './registration.js';
import { createSender } from './send-status.js';
import { createStatusSource, type StatusSource } from './status-source.js';

export type InstanceOptions = {
  /** Of the kind, e.g. `sync-adapter`; the instance's own id tells them apart. */
  serviceName: string;
  version: string;
  registration: Pick<Registration, 'enabled'>;
  probes: Probes;
  env: Pick<PublisherEnv, 'OPENCLAW_BASE_URL' | 'OPENCLAW_API_KEY' | 'OPENCLAW_PUBLISH_SECONDS' | 'INSTANCE_ID'>;
  logger: Logger;
  /** Where the publisher's counters go; without it nothing is counted. */
  registry?: Registry;
  /** Told of each attempt to publish; may be async, nobody waits for it. */
  onEvent?: (event: PublishEvent) => unknown;
  /** `drain` as soon as this aborts, e.g. the signal that a process gets when its stop begins. */
  drainOn?: AbortSignal;
  thresholds?: HealthThresholds;
  /** Milliseconds that `stop` takes at most. */
  shutdownMs?: number;
  /** The only certificate authority to trust, PEM; by default those of Node (and NODE_EXTRA_CA_CERTS). */
  ca?: string;
  clock?: Clock;
  random?: () => number;
  newId?: () => string;
};

/**
 * One process that says what it can do and how it is, and publishes it in the background when OPENCLAW_BASE_URL is set.
 * Throws when that is set to something unusable, or without a key. Stop it.
 */
export function openInstance(options: InstanceOptions): Instance {
  const { env, logger, drainOn, clock = systemClock, newId = uuid7 } = options;
  const settings = publisherSettings(env);
  const instanceId = InstanceId.parse(env.INSTANCE_ID ?? newId());
  const source = createStatusSource({
    serviceName: ServiceName.parse(options.serviceName),
    instanceId,
    version: InstanceStatus.shape.version.parse(options.version),
    registration: options.registration,
    probes: options.probes,
    thresholds: options.thresholds ?? DEFAULT_HEALTH_THRESHOLDS,
    publishIntervalSeconds: env.OPENCLAW_PUBLISH_SECONDS,
    clock,
    logger,
  });
  if (settings === null) logger.info('OPENCLAW_BASE_URL is not set: the status of this process is not published');
  const background = settings === null ? watchOnly(source, clock) : publish(settings);
  let draining = false;

  const drain = (): void => {
    if (draining) return;
    draining = true;
    source.enter('draining');
    background.hurry();
  };
  drainOn?.addEventListener('abort', drain, { once: true });
  if (drainOn?.aborted) drain();

  return {
    status: source.status,
    capabilities: source.capabilities,
    taskEnded: source.taskEnded,
    drain,
    stop(signal) {
      drainOn?.removeEventListener('abort', drain);
      return background.stop(signal);
    },
  };

  function publish({ url, apiKey }: PublisherSettings): Background {
    const { random = Math.random, shutdownMs = 3_000 } = options;
    const sender = createSender({ url, apiKey, ca: options.ca, now: clock.now });
    const tell = createTelemetry({ logger, registry: options.registry, onEvent: options.onEvent, clock });
    const { hurry, stop } = startPublisher({ source, send: sender.send, intervalMs: env.OPENCLAW_PUBLISH_SECONDS * 1000, shutdownMs, clock, random, tell });
    logger.info({ receiver: url.origin, instance_id: instanceId, seconds: env.OPENCLAW_PUBLISH_SECONDS }, 'publishing the status of this process');
    let stopped: Promise<void> | undefined;
    const end = async (arriving: Promise<boolean>): Promise<void> => {
      const arrived = await arriving;
      sender.close();
      if (!arrived) logger.warn('the receiver could not be told that this process is offline; it will notice by the silence');
    };
    return {
      hurry,
      stop(signal) {
        const arriving = stop(signal);
        return (stopped ??= end(arriving));
      },
    };
  }
}

/** `stop` gives the same promise each time; a later call may bring a signal. */
type Background = { hurry: () => void; stop: (signal?: AbortSignal) => Promise<void> };

/** Without a receiver the probes are looked at all the same: how long something lasts is seen only by looking. */
function watchOnly(source: StatusSource, clock: Clock): Background {
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      source.essence();
      await clock.sleep(LOOK_EVERY_MS, stopping.signal);
    }
  })();
  return {
    hurry: () => undefined,
    stop() {
      source.enter('offline');
      stopping.abort();
      return watching;
    },
  };
}
