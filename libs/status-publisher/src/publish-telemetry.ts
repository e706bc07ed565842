import { type InstanceHealth, type InstanceStatus } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type FailureReason, needsHuman, type Outcome } from './outcome.js';

/** One attempt to publish. Neither the key nor the payload is in it. */
export type PublishEvent = {
  result: 'published' | 'failed';
  /** null when it was published. */
  reason: FailureReason | null;
  http_status: number | null;
  /** Code of the problem document or of the network error. */
  code: string | null;
  /** 1, and one more after each failure. */
  attempt: number;
  latency_ms: number;
  health: InstanceHealth;
  sequence: number;
};

export type TellAttempt = (attempt: { status: InstanceStatus; outcome: Outcome; attempt: number; latencyMs: number }) => void;

export type TelemetryOptions = {
  logger: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  registry?: Registry | undefined;
  /** Told of each attempt. What it throws, or rejects with, is logged and otherwise ignored. */
  onEvent?: ((event: PublishEvent) => unknown) | undefined;
  clock: Pick<Clock, 'now' | 'monotonicMs'>;
};

/** Services that start together do not all listen at once: for so long nobody at the receiver's port is no reason to warn. Milliseconds. */
const EARLY_MS = 15_000;

/** Each attempt as an event, a log line and metrics. Loud (ERROR) once per streak and reason for what only a human can mend. */
export function createTelemetry({ logger, registry, onEvent, clock }: TelemetryOptions): TellAttempt {
  const count = registry ? createPublishMetrics(registry) : null;
  const log = createAttemptLog(logger, clock);
  return ({ status, outcome, attempt, latencyMs }) => {
    const event: PublishEvent = {
      result: outcome.ok ? 'published' : 'failed',
      reason: outcome.ok ? null : outcome.reason,
      http_status: outcome.httpStatus,
      code: outcome.ok ? null : outcome.code,
      attempt,
      latency_ms: Math.round(latencyMs),
      health: status.health.status,
      sequence: status.sequence,
    };
    count?.(event, clock.now());
    log(event);
    // In a promise of its own: a listener may be an async function.
    if (onEvent) new Promise((resolve) => resolve(onEvent(event))).catch((error: unknown) => logger.warn({ err: error }, 'a listener to publish events failed'));
  };
}

const ADVICE: Partial<Record<FailureReason, string>> = {
  certificate: 'the status receiver’s certificate is not accepted',
  unauthorized: 'the status receiver refuses OPENCLAW_API_KEY',
  invalid: 'the status receiver refuses our payload',
  'not-a-receiver': 'what answers at OPENCLAW_BASE_URL is not a status receiver',
  refused: 'the status receiver refuses our request',
};

function createAttemptLog(logger: TelemetryOptions['logger'], clock: Pick<Clock, 'monotonicMs'>): (event: PublishEvent) => void {
  const told = new Set<FailureReason>();
  const earlyUntilMs = clock.monotonicMs() + EARLY_MS;
  /** Nothing was heard of the receiver: not even that it is there. */
  let heardNothing = true;
  let saidEarly = false;
  return (event) => {
    if (event.reason === null) {
      if (told.size > 0 || saidEarly) logger.info(event, told.size > 0 ? 'statuses arrive again' : 'statuses arrive');
      else logger.debug(event, 'status published');
      heardNothing = saidEarly = false;
      return told.clear();
    }
    const first = !told.has(event.reason);
    if (event.reason === 'given-up') return logger.debug(event, 'a status was given up for a newer one');
    if (heardNothing && event.code === 'ECONNREFUSED' && clock.monotonicMs() < earlyUntilMs) {
      if (saidEarly) return logger.debug(event, 'the status was not published');
      saidEarly = true;
      return logger.info(event, 'nobody listens at the status receiver yet; it is tried again');
    }
    heardNothing = false;
    told.add(event.reason);
    if (!first) logger.debug(event, 'the status was not published');
    else if (needsHuman(event.reason)) logger.error(event, `${ADVICE[event.reason] ?? 'the status was refused'}; it is tried again slowly`);
    else logger.warn(event, 'the status was not published; it is tried again');
  };
}

function createPublishMetrics(registry: Registry): (event: PublishEvent, now: Date) => void {
  const attempts = new Counter({ name: 'status_publish_total', help: 'Statuses sent, by what became of them.', labelNames: ['result', 'reason'], registers: [registry] });
  const durations = new Histogram({
    name: 'status_publish_duration_seconds',
    help: 'Time from before connecting to the end of the answer.',
    labelNames: ['result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  const failures = new Gauge({ name: 'status_publish_failures_in_a_row', help: 'Failed attempts since the last status that arrived.', registers: [registry] });
  const arrived = new Gauge({ name: 'status_published_timestamp_seconds', help: 'When a status last arrived; 0 while none has.', registers: [registry] });
  return ({ result, reason, attempt, latency_ms: latencyMs }, now) => {
    attempts.inc({ result, reason: reason ?? 'ok' });
    durations.observe({ result }, latencyMs / 1000);
    if (reason !== 'given-up') failures.set(result === 'published' ? 0 : attempt);
    if (result === 'published') arrived.set(now.getTime() / 1000);
  };
}
