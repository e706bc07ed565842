import { InstanceStatus } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { DEFAULT_HEALTH_THRESHOLDS } from './health-rule.js';
import { type Probes } from './instance.js';
import { fixedRegistration } from './registration.js';
import { createStatusSource } from './status-source.js';

function open(probes: Partial<Probes> = {}) {
  const clock = createFakeClock('2026-11-01T00:00:00.000Z');
  const log = createMemoryLogger();
  const registration = fixedRegistration({ agents: [{ name: 'resize', description: 'Makes pictures smaller' }, { name: 'crop', description: 'Cuts', enabled: false }] });
  const registered = { broken: false };
  const source = createStatusSource({
    serviceName: 'thumbnailer',
    instanceId: 'thumbnailer-1',
    version: '1.2.3',
    registration: {
      enabled() {
        if (registered.broken) throw new Error('broken');
        return registration.enabled();
      },
    },
    probes: { concurrentTasks: () => 4, queueLength: () => 1, ...probes },
    thresholds: DEFAULT_HEALTH_THRESHOLDS,
    publishIntervalSeconds: 30,
    clock,
    logger: log.logger,
  });
  return { source, clock, log, registered };
}

describe('a status', () => {
  it('has the members of the seed, the version of its schema and a sequence', async () => {
    const { source, clock } = open({ details: () => ({ shard: 3 }) });
    await clock.advance(60_000);
    source.taskEnded(true);
    await clock.advance(30_000);

    const status = source.status();

    expect(InstanceStatus.parse(status)).toEqual(status);
    expect(status).toEqual({
      schema_version: '1.0.0',
      service_name: 'thumbnailer',
      instance_id: 'thumbnailer-1',
      sequence: Date.parse('2026-11-01T00:01:30.000Z'),
      timestamp: '2026-11-01T00:01:30.000Z',
      uptime_seconds: 90,
      version: '1.2.3',
      capabilities: ['resize'],
      capacity: { concurrent_tasks: 4, queue_length: 1 },
      health: { status: 'healthy', details: { shard: 3, last_task_success_seconds: 30, publish_interval_seconds: 30, error_rate: null, degraded_because: [] } },
    });
  });

  it('has a higher sequence than the one before, also within a millisecond and when the clock is set back', () => {
    const { source, clock } = open();
    let wallMs = Date.parse('2026-11-01T00:00:00.000Z');
    clock.now = () => new Date((wallMs -= 1_000));

    const sequences = [1, 2, 3].map(() => source.status().sequence);

    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
  });

  it('is made although the registration cannot say what is offered: that stays what it was, and is reported once', () => {
    const { source, registered, log } = open();
    source.status();
    registered.broken = true;

    const statuses = [source.status(), source.status()];

    expect(statuses.map(({ capabilities }) => capabilities)).toEqual([['resize'], ['resize']]);
    expect([source.essence(), source.capabilities().capabilities.length]).toEqual(['healthy resize', 1]);
    expect(log.lines().map(({ level }) => level)).toEqual(['warn']);
  });

  it('holds only text that a receiver can keep, however a probe words it', () => {
    const { source } = open({
      impairedBy: () => `${'x'.repeat(199)}😀`,
      details: () => ({ 'a\u0000b': ['c\u0000d', { e: 'half an emoji: \ud83d' }] }),
    });

    const { details } = source.status().health;

    expect(details).toMatchObject({ ab: ['cd', { e: 'half an emoji: \ufffd' }] });
    expect(details['degraded_because']).toEqual(['x'.repeat(199) + '\ufffd']);
  });

  it('counts the bytes of the details, not their letters', () => {
    const { source } = open({ details: () => ({ note: 'é'.repeat(3_000) }) });

    expect(source.status().health.details).toMatchObject({ degraded_because: ['a status probe failed'] });
  });

  it('says null while no task ended well', () => {
    const { source } = open();
    source.taskEnded(false);

    expect(source.status().health.details).toMatchObject({ last_task_success_seconds: null });
  });

  it('is degraded when tasks fail, and healthy again when they have not for long enough', async () => {
    const { source, clock } = open();
    for (let task = 0; task < 10; task += 1) source.taskEnded(task < 5);
    expect(source.status().health).toMatchObject({ status: 'degraded', details: { error_rate: 0.5, degraded_because: ['too many tasks fail'] } });

    await clock.advance(300_000);
    source.essence();
    await clock.advance(60_000);

    expect(source.status().health).toMatchObject({ status: 'healthy', details: { error_rate: null, degraded_because: [] } });
  });

  it('is draining, then offline, and never goes back', () => {
    const { source } = open({ impairedBy: () => 'everything' });
    source.enter('draining');
    expect(source.status().health.status).toBe('draining');

    source.enter('offline');
    source.enter('draining');

    expect(source.status().health.status).toBe('offline');
  });

  it.each<[string, Partial<Probes>]>([
    ['throws', { details: () => { throw new Error('broken'); } }],
    ['gives no number', { queueLength: () => NaN }],
    ['gives a negative one', { concurrentTasks: () => -1 }],
    ['gives far too much', { details: () => ({ dump: 'x'.repeat(10_000) }) }],
  ])('is made, as degraded, when a probe %s; that is logged once', (_, probes) => {
    const { source, log } = open(probes);

    source.status();

    expect(source.status().health).toMatchObject({ status: 'degraded', details: { degraded_because: ['a status probe failed'] } });
    expect(log.lines().map(({ level }) => level)).toEqual(['warn']);
  });
});
