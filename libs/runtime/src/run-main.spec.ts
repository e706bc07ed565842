import { z } from 'zod';
import { withReleasers, type Opened } from './lifecycle.js';
import { runMain, type MainContext } from './run-main.js';
import { createFakeProcess, createMemoryLogger, until } from './testing/index.js';

const Env = z.object({
  PORT: z.coerce.number().int().min(1).default(4100).describe('Where the API listens.'),
  DATABASE_URL: z.url().describe('Which Postgres to use.'),
  REDIS_URL: z.url().optional().describe('Which Redis the queue uses.'),
});
const env = { DATABASE_URL: 'postgresql://user:hunter2@127.0.0.1/db' };

function start(options: {
  argv?: string[];
  env?: Record<string, string>;
  stopTimeoutMs?: number;
  compose?: (env: z.output<typeof Env>, context: MainContext) => Promise<Opened<unknown>>;
}) {
  const host = createFakeProcess();
  const log = createMemoryLogger();
  const seen: z.output<typeof Env>[] = [];
  const stopped: string[] = [];
  const exit = runMain({
    name: 'demo',
    version: '1.2.3',
    help: 'Shows how a main works.',
    Env,
    env: options.env ?? env,
    argv: options.argv ?? [],
    process: host,
    logger: log.logger,
    ...(options.stopTimeoutMs === undefined ? {} : { stopTimeoutMs: options.stopTimeoutMs }),
    compose:
      options.compose ??
      ((parsed) =>
        withReleasers((onStop) => {
          seen.push(parsed);
          onStop(() => stopped.push('server'));
        })),
  });
  const started = () => until(() => log.text().includes('"started"'));
  return { host, log, seen, stopped, exit, started };
}

describe('runMain', () => {
  it('prints its version', async () => {
    const { host, exit, seen } = start({ argv: ['--version'], env: {} });

    expect(await exit).toBe(0);
    expect(host.out()).toBe('1.2.3\n');
    expect(seen).toEqual([]);
  });

  it('lists every environment variable with its meaning and default in --help', async () => {
    const { host, exit } = start({ argv: ['--help'], env: {} });

    expect(await exit).toBe(0);
    expect(host.out()).toContain('Shows how a main works.');
    expect(host.out()).toMatch(/PORT +Where the API listens\. \(default 4100\)/);
    expect(host.out()).toMatch(/DATABASE_URL +Which Postgres to use\. \(required\)/);
    expect(host.out()).toMatch(/REDIS_URL +Which Redis the queue uses\. \(optional\)/);
  });

  it('lists every problem of the environment at once and exits with 78', async () => {
    const { host, exit, seen } = start({ env: { PORT: 'many', REDIS_URL: '' } });

    expect(await exit).toBe(78);
    expect(host.exits).toEqual([78]);
    expect(host.err()).toMatch(/PORT: .*number/);
    expect(host.err()).toContain('DATABASE_URL: is not set (Which Postgres to use.)');
    expect(host.err()).not.toContain('REDIS_URL');
    expect(seen).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stops what it opened on %s and exits with 0', async (signal) => {
    const { host, exit, seen, stopped, started } = start({});
    await started();

    host.emit(signal);

    expect(await exit).toBe(0);
    expect(host.exits).toEqual([0]);
    expect(seen).toEqual([{ PORT: 4100, DATABASE_URL: env.DATABASE_URL }]);
    expect(stopped).toEqual(['server']);
    expect(host.listeners()).toBe(0);
  });

  it('exits after the time-out when stopping hangs', async () => {
    const { host, exit, started, log } = start({
      stopTimeoutMs: 10,
      compose: async () => ({ value: null, stop: () => new Promise(() => undefined) }),
    });
    await started();

    host.emit('SIGTERM');

    expect(await exit).toBe(1);
    expect(log.text()).toContain('stopping took too long');
  });

  it('exits at once on a second signal', async () => {
    const { host, exit, started } = start({
      compose: async () => ({ value: null, stop: () => new Promise(() => undefined) }),
    });
    await started();

    host.emit('SIGINT');
    host.emit('SIGINT');

    expect(await exit).toBe(130);
  });

  it('says so and exits with 1 when it cannot start', async () => {
    const { exit, log } = start({ compose: () => withReleasers(() => Promise.reject(new Error('port in use'))) });

    expect(await exit).toBe(1);
    expect(log.lines().find((line) => line.msg === 'could not start')).toMatchObject({ err: { message: 'port in use' } });
  });

  it('stops everything and exits with 1 when a part fails on its own', async () => {
    const { exit, stopped } = start({
      compose: (_env, { fail }) =>
        withReleasers((onStop) => {
          onStop(() => stopped.push('server'));
          setImmediate(() => fail(new Error('lost the database')));
        }),
    });

    expect(await exit).toBe(1);
    expect(stopped).toEqual(['server']);
  });

  it.each(['uncaughtException', 'unhandledRejection'] as const)('stops in order after an %s', async (event) => {
    const { host, exit, stopped, started, log } = start({});
    await started();

    host.emit(event, new Error('surprise'));

    expect(await exit).toBe(1);
    expect(stopped).toEqual(['server']);
    expect(log.text()).toContain('surprise');
  });

  it('tells parts that are still opening that it stops, and closes what they open', async () => {
    const closed: string[] = [];
    const { host, exit } = start({
      compose: (_env, { signal }) =>
        withReleasers(async (onStop) => {
          onStop(() => closed.push('database'));
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        }),
    });

    host.emit('SIGTERM');

    expect(await exit).toBe(0);
    expect(closed).toEqual(['database']);
  });

  it('exits with 1 when stopping fails', async () => {
    const { host, exit, started } = start({ compose: async () => ({ value: null, stop: () => Promise.reject(new Error('stuck')) }) });
    await started();

    host.emit('SIGTERM');

    expect(await exit).toBe(1);
  });
});
