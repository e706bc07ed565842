import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@trawling/runtime/testing';
import { keepRunning, type KeepRunningDeps, type ProcessPlan } from './keep-running.js';
import { findFreeBase } from './ports.js';
import { findByMarker, identify, isAlive, signalProcess, type ProcessIdentity } from './process-table.js';
import { openRecords } from './records.js';
import { temporaryFolder } from './testing/temporary-folder.js';
import { boundsOf } from './wait.js';

const folder = temporaryFolder();
const script = join(folder, 'server.js');
const marker = `TRAWLING_STATE=${folder}`;
const bounds = () => boundsOf(15, new AbortController().signal);
const running = (): ProcessIdentity[] => findByMarker((entry) => entry === marker);
let plan: ProcessPlan;
let deps: KeepRunningDeps;
let said: string[];

beforeEach(async () => {
  writeFileSync(script, `require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1'); process.on('SIGTERM', () => process.exit(0));`);
  const port = await findFreeBase(23_000);
  plan = { name: 'server', script, env: { PORT: String(port) }, log: join(folder, 'server.log'), readyUrl: `http://127.0.0.1:${port}/` };
  said = [];
  const records = openRecords(join(folder, 'processes.json'));
  deps = { records, marker, baseEnv: { PATH: process.env['PATH'] ?? '' }, terminal: { say: (text) => void said.push(text), progress: () => undefined } };
});
afterEach(() => running().forEach((process) => signalProcess(process, 'SIGKILL')));

describe('a process that is kept running', () => {
  it('gets ready, is recorded, and is gone after stop', async () => {
    const server = await keepRunning(plan, deps);
    await server.ready(bounds());
    const [process] = running();
    expect(deps.records.get('server')).toMatchObject({ pid: process?.pid, started: process?.started });

    await server.stop(5_000);

    expect(running()).toEqual([]);
    expect(deps.records.all()).toEqual([]);
  });

  it('is started again after kill -9, and says so', async () => {
    const server = await keepRunning(plan, deps);
    await server.ready(bounds());
    const [first] = running();
    if (!first) throw new Error('nothing runs');

    signalProcess(first, 'SIGKILL');
    await until(() => !isAlive(first) && running().length === 1, { timeoutMs: 10_000 });
    await server.ready(bounds());

    expect(said.join()).toContain('server ended; starting it again');
    await server.stop(5_000);
  });

  it('is taken over by the next launcher when it is healthy and the same build', async () => {
    const killed = await keepRunning(plan, deps);
    await killed.ready(bounds());
    const before = running();

    const next = await keepRunning(plan, { ...deps, records: openRecords(join(folder, 'processes.json')) });

    expect(next.adopted).toBe(true);
    expect(running()).toEqual(before);
    await next.stop(5_000);
    await killed.stop(0);
  });

  it('is replaced by the next launcher when its settings changed', async () => {
    const killed = await keepRunning(plan, deps);
    await killed.ready(bounds());
    const [before] = running();
    await killed.stop(5_000);
    deps.records.put({ name: 'server', pid: before?.pid ?? 0, started: before?.started ?? '', build: 'x', log: plan.log });

    const next = await keepRunning({ ...plan, env: { ...plan.env, LOG_LEVEL: 'debug' } }, deps);
    await next.ready(bounds());

    expect(next.adopted).toBe(false);
    expect(running()).toHaveLength(1);
    expect(identify(before?.pid ?? 0)).not.toEqual(before);
    await next.stop(5_000);
  });

  it('gives the end of its log when it does not get ready', async () => {
    writeFileSync(script, `console.error('PORT: is not set'); setInterval(() => {}, 1000)`);
    const server = await keepRunning(plan, deps);
    await until(() => running().length === 1);

    await expect(server.ready(boundsOf(1, new AbortController().signal))).rejects.toThrow(/server to get ready: .*PORT: is not set/);

    await server.stop(1_000);
  });
});
