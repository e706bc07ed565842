import { type InstanceHealth } from '@trawling/contracts';
import { createFakeClock, type FakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { DEFAULT_HEALTH_THRESHOLDS } from '../health-rule.js';
import { type FailureReason, type Outcome } from '../outcome.js';
import { startPublisher } from '../publisher.js';
import { createTelemetry, type PublishEvent } from '../publish-telemetry.js';
import { createStatusSource } from '../status-source.js';

export const arrived: Outcome = { ok: true, httpStatus: 204 };
export const failed = (reason: FailureReason, retryAfterMs: number | null = null): Outcome => ({ ok: false, reason, httpStatus: null, retryAfterMs, code: null });
/** A receiver that never answers. */
export const never = (): Promise<Outcome> => new Promise(() => undefined);

export type Sent = { second: number; health: InstanceHealth; sequence: number; queueLength: number };

/** A publisher in a time of its own, towards a receiver that is a function. Everything is seen from outside. */
export function openPublisherBed(options: { answer?: () => Outcome | Promise<Outcome>; random?: number } = {}) {
  const clock: FakeClock = createFakeClock();
  const log = createMemoryLogger();
  const sent: Sent[] = [];
  const events: PublishEvent[] = [];
  const bed = {
    answer: options.answer ?? (() => arrived),
    queueLength: 0,
    impairedBy: null as string | null,
    capabilities: ['resize'],
    /** Requests that were sent and not answered. */
    inFlight: 0,
    mostInFlight: 0,
  };
  const source = createStatusSource({
    serviceName: 'thumbnailer',
    instanceId: 'thumbnailer-1',
    version: '1.2.3',
    registration: { enabled: () => bed.capabilities.map((name) => ({ name, description: 'd', enabled: true })) },
    probes: { concurrentTasks: () => 4, queueLength: () => bed.queueLength, impairedBy: () => bed.impairedBy },
    thresholds: DEFAULT_HEALTH_THRESHOLDS,
    publishIntervalSeconds: 30,
    clock,
    logger: log.logger,
  });
  const publisher = startPublisher({
    source,
    clock,
    intervalMs: 30_000,
    shutdownMs: 3_000,
    random: () => options.random ?? 0.5,
    tell: createTelemetry({ logger: log.logger, onEvent: (event) => events.push(event), clock }),
    async send(status, signal) {
      sent.push({ second: clock.monotonicMs() / 1000, health: status.health.status, sequence: status.sequence, queueLength: status.capacity.queue_length });
      bed.mostInFlight = Math.max(bed.mostInFlight, (bed.inFlight += 1));
      const given = new Promise<Outcome>((resolve) => signal.addEventListener('abort', () => resolve(failed('given-up')), { once: true }));
      const outcome = await Promise.race([bed.answer(), given]);
      bed.inFlight -= 1;
      return outcome;
    },
  });
  return {
    ...{ bed, clock, log, sent, events, source, publisher },
    seconds: () => sent.map(({ second }) => second),
    drain() {
      source.enter('draining');
      publisher.hurry();
    },
  };
}
