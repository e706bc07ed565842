import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { MACHINE_FILES, MachineSpec } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { findMarked } from '../processes/marked-processes.js';
import { buildSupervisor } from '../testing/build-supervisor.js';
import { openLocalBed, type LocalBed } from '../testing/local-bed.js';

describe('the local driver', () => {
  let supervisor: Awaited<ReturnType<typeof buildSupervisor>>;
  let bed: LocalBed;

  beforeAll(async () => {
    supervisor = await buildSupervisor();
  });
  afterAll(() => supervisor.remove());
  beforeEach(async () => {
    bed = await openLocalBed({ supervisorFile: supervisor.file, portBase: 21_000 });
  });
  afterEach(() => bed.close());

  it('makes a machine that runs the checked agent, and the gateway once the agent has enrolled', async () => {
    const key = bed.newKey();

    const result = await bed.driver.create(key, bed.order());

    expect(result).toEqual({ outcome: 'accepted', providerId: `${key.botId}-g1` });
    const machine = bed.machine(key);
    await machine.up();
    expect(bed.agentServer.requests).toHaveLength(1);
    expect(await bed.driver.find(key.botId)).toMatchObject([{ ...key, state: 'running', providerId: `${key.botId}-g1` }]);
    const config: unknown = JSON.parse(readFileSync(machine.at(MACHINE_FILES.openclawConfig), 'utf8'));
    expect(config).toMatchObject({ gateway: { mode: 'local', bind: 'loopback' } });
    for (const secret of [MACHINE_FILES.enrollmentToken, MACHINE_FILES.gatewayToken, MACHINE_FILES.openclawConfig]) {
      expect(statSync(machine.at(secret)).mode & 0o777).toBe(0o600);
    }
  });

  it('tells a machine nothing of the environment it was made in', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    await machine.up();

    expect(machine.lines('agent.runs')[0]).toMatch(/^start \d+ clean$/);
  });

  it('makes one machine when two processes create it at once, and when it is created again', async () => {
    const key = bed.newKey();
    const other = bed.openDriver();

    const results = await Promise.all([bed.driver.create(key, bed.order()), other.create(key, bed.order())]);
    await bed.machine(key).up();
    const again = await bed.driver.create(key, bed.order());

    expect([...results, again].map((result) => result.outcome)).toEqual(['accepted', 'accepted', 'accepted']);
    expect(await bed.driver.find(key.botId)).toHaveLength(1);
    expect(await bed.machine(key).pids('supervisor')).toHaveLength(1);
    expect(bed.machine(key).starts('gateway')).toHaveLength(1);
  });

  it('gives machines that are made at once different ports', async () => {
    const keys = [bed.newKey(), bed.newKey(), bed.newKey()];

    await Promise.all(keys.map((key) => bed.driver.create(key, bed.order())));

    const ports = keys.map((key) => MachineSpec.parse(JSON.parse(readFileSync(bed.machine(key).at('machine.json'), 'utf8'))).gateway_port);
    expect(new Set(ports).size).toBe(3);
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(21_000);
  });

  it('rejects a create for now while OpenClaw is being installed, and says so before', async () => {
    bed.setRuntime({ state: 'installing', reason: 'Installing OpenClaw: 10 of 41,000 files' });

    expect(await bed.driver.preflight()).toEqual({ state: 'not_ready', reason: 'Installing OpenClaw: 10 of 41,000 files' });
    expect(await bed.driver.create(bed.newKey(), bed.order())).toMatchObject({ outcome: 'rejected', retryable: true });
  });

  it('starts no file that has not the digest the machine was told, and says why', async () => {
    const key = bed.newKey();
    bed.agentServer.serve(Buffer.from('process.exit(0)'));
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    const waiting = await machine.waitFor((now) => now.reason.includes('digest'));
    expect(waiting.agent.state).toBe('waiting');

    const { fakeAgent } = await import('../testing/fake-programs.js');
    bed.agentServer.serve(fakeAgent.content);
    await machine.up();
  });

  it('leaves a machine that is off on disk and starts it again', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    await machine.up();
    const providerId = `${key.botId}-g1`;

    await bed.driver.stop(providerId);

    expect(await bed.driver.get(providerId)).toMatchObject({ state: 'off' });
    expect(await machine.pids()).toEqual([]);

    await bed.driver.start(providerId);
    await bed.driver.start(providerId);
    await until(() => machine.starts('gateway').length === 2, { timeoutMs: 10_000 });
    expect(await bed.driver.get(providerId)).toMatchObject({ state: 'running' });
    expect(await machine.pids('supervisor')).toHaveLength(1);
  });

  it('leaves nothing of a destroyed machine: no folder, no process, not even a detached one that ignores SIGTERM', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    const first = await machine.up();
    machine.behave('gateway', { orphan: true, stubborn: true });
    process.kill(first.gateway.process?.pid ?? 0, 'SIGKILL');
    await until(async () => (await machine.pids('gateway')).length >= 2, { timeoutMs: 10_000 });

    await bed.driver.destroy(`${key.botId}-g1`);

    expect(await machine.pids()).toEqual([]);
    expect(existsSync(machine.path)).toBe(false);
    expect((await readdir(bed.machinesDir)).filter((name) => !name.startsWith('.lock'))).toEqual([]);
    await bed.driver.destroy(`${key.botId}-g1`);
    expect(await bed.driver.get(`${key.botId}-g1`)).toBeNull();
  });

  it('finishes a destroy that was killed half-way', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    await machine.up();
    const { writeFileSync } = await import('node:fs');
    writeFileSync(machine.at('destroying'), '');
    const [pid = 0] = await machine.pids('supervisor');
    process.kill(pid, 'SIGKILL');
    await until(async () => (await bed.driver.get(`${key.botId}-g1`))?.state === 'off');

    await bed.driver.start(`${key.botId}-g1`);
    expect(await machine.pids('supervisor')).toEqual([]);
    await bed.driver.destroy(`${key.botId}-g1`);

    expect(await machine.pids()).toEqual([]);
    expect(existsSync(machine.path)).toBe(false);
  });

  it('finds and destroys a machine by its processes when its folder was removed', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    const machine = bed.machine(key);
    await machine.up();
    const [pid = 0] = await machine.pids('supervisor');
    process.kill(pid, 'SIGKILL');
    const { rm } = await import('node:fs/promises');
    await rm(machine.path, { recursive: true, force: true });

    expect(await bed.driver.list()).toMatchObject([{ ...key, state: 'running' }]);
    await bed.driver.destroy(`${key.botId}-g1`);

    expect(await findMarked({ machine: machine.marker })).toEqual([]);
    expect(await bed.driver.list()).toEqual([]);
  });

  it('does not touch the machines of another installation', async () => {
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());

    const stranger = bed.openDriver('0199a000-0000-7000-8000-000000000000');

    expect(await stranger.list()).toEqual([]);
  });
});
