import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { Registry } from 'prom-client';
import { type FailureReason, type Outcome } from './outcome.js';
import { createTelemetry, type PublishEvent } from './publish-telemetry.js';
import { anyStatus } from './testing/any-status.js';

const clock = createFakeClock('2026-11-21T08:00:00.000Z');
const arrived: Outcome = { ok: true, httpStatus: 204 };
const failed = (reason: FailureReason): Outcome => ({ ok: false, reason, httpStatus: 401, retryAfterMs: null, code: 'unauthorized' });
const status = anyStatus({ sequence: 7 });

describe('an attempt to publish', () => {
  it('is told as an event, without the payload', () => {
    const events: PublishEvent[] = [];
    const tell = createTelemetry({ logger: createMemoryLogger().logger, clock, onEvent: (event) => events.push(event) });

    tell({ status, outcome: failed('unauthorized'), attempt: 1, latencyMs: 12.4 });
    tell({ status, outcome: arrived, attempt: 2, latencyMs: 3 });

    expect(events).toEqual([
      { result: 'failed', reason: 'unauthorized', http_status: 401, code: 'unauthorized', attempt: 1, latency_ms: 12, health: 'healthy', sequence: 7 },
      { result: 'published', reason: null, http_status: 204, code: null, attempt: 2, latency_ms: 3, health: 'healthy', sequence: 7 },
    ]);
  });

  it('is counted by result and reason, and its duration measured', async () => {
    const registry = new Registry();
    const tell = createTelemetry({ logger: createMemoryLogger().logger, clock, registry });

    tell({ status, outcome: arrived, attempt: 1, latencyMs: 20 });
    tell({ status, outcome: failed('network'), attempt: 1, latencyMs: 2_000 });
    tell({ status, outcome: failed('network'), attempt: 2, latencyMs: 2_000 });

    const metrics = await registry.metrics();
    expect(metrics).toContain('status_publish_total{result="published",reason="ok"} 1');
    expect(metrics).toContain('status_publish_total{result="failed",reason="network"} 2');
    expect(metrics).toContain('status_publish_duration_seconds_sum{result="failed"} 4');
    expect(metrics).toContain('status_publish_duration_seconds_bucket{le="0.025",result="published"} 1');
    expect(metrics).toContain('status_publish_failures_in_a_row 2');
    expect(metrics).toContain(`status_published_timestamp_seconds ${clock.now().getTime() / 1000}`);
  });

  it.each([
    ['at once', () => { throw new Error('broken'); }],
    ['later', () => Promise.reject(new Error('broken'))],
  ])('is told to everybody else although a listener fails %s', async (_, onEvent) => {
    const log = createMemoryLogger();
    const tell = createTelemetry({ logger: log.logger, clock, onEvent });

    expect(() => tell({ status, outcome: arrived, attempt: 1, latencyMs: 1 })).not.toThrow();
    await until(() => log.lines().length === 2);

    expect(log.lines().map(({ level }) => level)).toEqual(['debug', 'warn']);
  });
});

describe('a receiver where nobody listens', () => {
  const refused: Outcome = { ok: false, reason: 'network', httpStatus: null, retryAfterMs: null, code: 'ECONNREFUSED' };
  function open() {
    const time = createFakeClock();
    const log = createMemoryLogger();
    const tell = createTelemetry({ logger: log.logger, clock: time });
    const told = (outcome: Outcome) => {
      tell({ status, outcome, attempt: 1, latencyMs: 1 });
      return log.lines().at(-1)?.level;
    };
    return { time, told, log };
  }

  it('yet is no reason to warn: whoever starts together with it is early', async () => {
    const { time, told, log } = open();

    expect(told(refused)).toBe('info');
    await time.advance(5_000);
    expect(told(refused)).toBe('debug');
    expect(told(arrived)).toBe('info');
    expect(log.text()).toContain('nobody listens at the status receiver yet');
  });

  it('is one after a quarter of a minute', async () => {
    const { time, told } = open();

    told(refused);
    await time.advance(15_000);

    expect(told(refused)).toBe('warn');
    expect(told(refused)).toBe('debug');
  });

  it('is one at once when statuses have arrived there, and so is another error', () => {
    const { told } = open();
    told(arrived);

    expect(told(refused)).toBe('warn');
    expect(open().told({ ...refused, code: 'ENOTFOUND' })).toBe('warn');
  });
});
