import { createFakeClock, createMemoryLogger, type FakeClock, until } from '@trawling/runtime/testing';
import { Registry } from 'prom-client';
import { answerStatus, type Instance, type InstanceOptions, openInstance, type PublishEvent } from './index.js';
import { fixedRegistration } from './registration.js';
import { type Behaviour, behaviours, createTestAuthority, startTestReceiver, type TestReceiver } from './testing/index.js';

const KEY = 'a-key-that-nobody-may-read';
const SECRET_DETAIL = 'a-detail-of-the-payload';

function options(env: Partial<InstanceOptions['env']>, others: Partial<InstanceOptions> = {}) {
  const log = createMemoryLogger();
  const given: InstanceOptions = {
    serviceName: 'thumbnailer',
    version: '1.2.3',
    registration: fixedRegistration({ agents: [{ name: 'resize', description: 'Makes pictures smaller' }] }),
    probes: { concurrentTasks: () => 4, queueLength: () => 1, details: () => ({ note: SECRET_DETAIL }) },
    env: { OPENCLAW_PUBLISH_SECONDS: 30, ...env },
    logger: log.logger,
    ...others,
  };
  return { given, log };
}

describe('an instance without OPENCLAW_BASE_URL', () => {
  it('says once that it publishes nothing, and answers all the same', async () => {
    const clock = createFakeClock();
    const { given, log } = options({}, { clock });

    const instance = openInstance(given);
    await clock.advance(300_000);

    expect(log.lines().map(({ level }) => level)).toEqual(['info']);
    expect(log.text()).toContain('OPENCLAW_BASE_URL is not set');
    expect(JSON.parse(answerStatus(instance, undefined).body)).toMatchObject({ agent_name: 'thumbnailer', status: 'Available', active_jobs: 1 });
    await instance.stop();
    expect(JSON.parse(answerStatus(instance, undefined).body)).toMatchObject({ status: 'Offline' });
  });

  it('notices a long queue without being asked', async () => {
    const clock = createFakeClock();
    const { given } = options({}, { clock, probes: { concurrentTasks: () => 1, queueLength: () => 2 } });
    const instance = openInstance(given);

    await clock.advance(61_000);

    expect(instance.status().health.status).toBe('degraded');
    await instance.stop();
  });

  it('drains when it is told so, or by the signal that it was given', async () => {
    const stopping = new AbortController();
    const instance = openInstance(options({}, { drainOn: stopping.signal }).given);

    stopping.abort();

    expect(instance.status().health.status).toBe('draining');
    await instance.stop();
  });
});

describe('an instance', () => {
  it('has an id of its own unless it is given one', async () => {
    const instances = [openInstance(options({}).given), openInstance(options({}).given), openInstance(options({ INSTANCE_ID: 'eu-1' }).given)];

    const ids = instances.map((instance) => instance.status().instance_id);
    const again = instances.map((instance) => instance.status().instance_id);
    await Promise.all(instances.map((instance) => instance.stop()));

    expect(new Set(ids).size).toBe(3);
    expect(ids[2]).toBe('eu-1');
    expect(again).toEqual(ids);
  });

  it.each<[string, Partial<InstanceOptions['env']>, Partial<InstanceOptions>, RegExp]>([
    ['a base URL that is not https', { OPENCLAW_BASE_URL: 'http://receiver.example', OPENCLAW_API_KEY: KEY }, {}, /OPENCLAW_BASE_URL: expected https/],
    ['a base URL without a key', { OPENCLAW_BASE_URL: 'https://receiver.example' }, {}, /OPENCLAW_API_KEY is needed/],
    ['a name that is none', {}, { serviceName: '' }, /letters/],
    ['no version', {}, { version: '' }, /./],
  ])('with %s does not start', (_, env, others, why) => {
    const start = () => openInstance(options(env, others).given);

    expect(start).toThrow(why);
    expect(start).not.toThrow(new RegExp(KEY));
  });
});

describe('an instance with a receiver', () => {
  let receiver: TestReceiver;
  let instance: Instance;
  let clock: FakeClock;
  let events: PublishEvent[];
  const open = (others: Partial<InstanceOptions> = {}) => {
    clock = createFakeClock();
    const env = { OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: KEY };
    const made = options(env, { clock, random: () => 0.5, onEvent: (event) => events.push(event), ...others });
    instance = openInstance(made.given);
    return made;
  };
  /** So many statuses were sent, and what became of them understood. */
  const told = (count: number) => until(() => events.length === count);

  beforeEach(async () => {
    events = [];
    receiver = await startTestReceiver();
  });
  afterEach(() => receiver.close());

  it('publishes what its own /status answers', async () => {
    open();
    await told(1);

    const { sequence: published, ...said } = receiver.received()[0] ?? { sequence: 0 };
    const { sequence: asked, ...answered } = instance.status();
    await instance.stop();

    expect(answered).toEqual(said);
    expect(asked).toBeGreaterThan(published);
    expect(receiver.requests()[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(receiver.healths()).toEqual(['healthy', 'draining', 'offline']);
  });

  it('takes the web page of an OpenClaw gateway for no success: it says so loudly and comes back slowly', async () => {
    receiver.behave(behaviours.answersAPage);
    const { log } = open();
    await told(1);

    await clock.advance(299_000);
    expect(receiver.received()).toHaveLength(1);
    await clock.advance(1_000);
    await told(2);

    const errors = log.lines().filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ reason: 'not-a-receiver', http_status: 200, msg: expect.stringContaining('is not a status receiver') });
    await instance.stop();
  });

  it('never follows a redirect, so the key goes nowhere else', async () => {
    receiver.behave(behaviours.redirects);
    open();
    await told(1);

    await instance.stop();

    expect(receiver.requests().map(({ path }) => path)).toEqual(Array(3).fill('/openclaw/status'));
  });
});

describe('an instance with a receiver over https', () => {
  it('publishes when the certificate is right, and says loudly, once, when it is not', async () => {
    const [authority, stranger] = await Promise.all([createTestAuthority(), createTestAuthority()]);
    const receiver = await startTestReceiver({ tls: await authority.issue({ ip: ['127.0.0.1'] }) });
    const clock = createFakeClock();
    const events: PublishEvent[] = [];
    const open = (ca: string) => {
      const made = options({ OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: KEY }, { clock, ca, random: () => 1, onEvent: (event) => events.push(event) });
      return { instance: openInstance(made.given), log: made.log };
    };

    const trusting = open(authority.ca);
    await until(() => events.length === 1);
    await trusting.instance.stop();
    const wary = open(stranger.ca);
    await until(() => events.length === 4);
    await clock.advance(5_000);
    await until(() => events.length === 5);
    await wary.instance.stop(AbortSignal.abort());
    await receiver.close();

    expect(receiver.healths()).toEqual(['healthy', 'draining', 'offline']);
    expect(events.slice(3, 5)).toMatchObject([{ reason: 'certificate', attempt: 1 }, { reason: 'certificate', attempt: 2 }]);
    expect(wary.log.lines().filter(({ level }) => level === 'error').map(({ msg }) => msg)).toEqual([expect.stringContaining('certificate is not accepted')]);
  });
});

describe('whatever becomes of a status', () => {
  const echoes: Behaviour = (response, request) => {
    const said = JSON.stringify({ code: 'invalid-request', detail: `${SECRET_DETAIL} ${request.headers.authorization}` });
    response.writeHead(400, { 'Content-Type': 'application/problem+json' }).end(said);
  };

  it.each([...Object.entries<Behaviour>(behaviours), ['echoes' as string, echoes] as const])(
    'neither key nor payload are in logs, events or metrics: at a receiver that %s',
    async (name, behaviour) => {
      const receiver = await startTestReceiver({ behaviour });
      const clock = createFakeClock();
      const registry = new Registry();
      const events: PublishEvent[] = [];
      const { given, log } = options({ OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: KEY }, { clock, registry, onEvent: (event) => events.push(event) });
      const instance = openInstance(given);
      await until(() => receiver.received().length === 1);
      if (name.startsWith('hangs')) await clock.advance(5_000);
      await until(() => events.length === 1);

      await instance.stop(AbortSignal.abort());
      await receiver.close();

      const everything = log.text() + JSON.stringify(events) + (await registry.metrics());
      expect(everything).toContain('status_publish_total{');
      expect(everything).not.toContain(KEY);
      expect(everything).not.toContain('Bearer');
      expect(everything).not.toContain(SECRET_DETAIL);
    },
  );
});
