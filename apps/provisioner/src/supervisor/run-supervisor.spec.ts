import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '@trawling/runtime/testing';
import { machineName } from '../local/machine-folder.js';
import { buildSupervisor } from '../testing/build-supervisor.js';
import { openLocalBed, type LocalBed } from '../testing/local-bed.js';

const SLOW = { timeoutMs: 15_000 };

describe('the supervisor of a machine', () => {
  let supervisor: Awaited<ReturnType<typeof buildSupervisor>>;
  let bed: LocalBed;
  let machine: ReturnType<LocalBed['machine']>;
  let providerId: string;

  const kill = (pid: number | undefined, signal: NodeJS.Signals = 'SIGKILL') => process.kill(pid ?? 0, signal);
  const killSupervisor = async () => {
    kill((await machine.pids('supervisor'))[0]);
    await until(async () => (await bed.driver.get(providerId))?.state === 'off', SLOW);
  };

  beforeAll(async () => {
    supervisor = await buildSupervisor();
  });
  afterAll(() => supervisor.remove());
  beforeEach(async () => {
    bed = await openLocalBed({ supervisorFile: supervisor.file, portBase: 21_400 });
    const key = bed.newKey();
    await bed.driver.create(key, bed.order());
    machine = bed.machine(key);
    providerId = machineName(key);
    await machine.up();
  });
  afterEach(() => bed.close());

  it('starts a killed agent again and leaves the gateway alone', async () => {
    const before = await machine.up();

    kill(before.agent.process?.pid);

    await until(() => machine.starts('agent').length === 2, SLOW);
    const after = await machine.waitFor((now) => now.agent.state === 'running' && now.agent.restarts === 1);
    expect(after.agent.last_exit).toMatchObject({ signal: 'SIGKILL' });
    expect(after.gateway.process).toEqual(before.gateway.process);
  });

  it('ends what a killed gateway left behind before it starts the next one', async () => {
    machine.behave('gateway', { orphan: true });
    writeFileSync(machine.at('agent/restart-gateway'), '1');
    await until(() => machine.starts('gateway').length === 2, SLOW);
    await until(async () => (await machine.pids('gateway')).length >= 2, SLOW);
    const orphans = (await machine.pids('gateway')).filter((pid) => !machine.starts('gateway').includes(pid));
    expect(orphans.length).toBeGreaterThan(0);

    kill(machine.starts('gateway').at(-1));

    await until(() => machine.starts('gateway').length === 3, SLOW);
    const now = await machine.pids('gateway');
    expect(orphans.filter((pid) => now.includes(pid))).toEqual([]);
  });

  it('does not start a gateway that refuses its configuration (exit 78) before the configuration changes', async () => {
    machine.behave('gateway', { exit: 78 });
    kill(machine.starts('gateway')[0]);
    const held = await machine.waitFor((now) => now.gateway.state === 'held');
    expect(held.gateway.reason).toContain('refuses its configuration');
    const starts = machine.starts('gateway').length;

    machine.behave('gateway', {});
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(machine.starts('gateway')).toHaveLength(starts);
    writeFileSync(machine.at('openclaw/openclaw.json'), '{"gateway":{"mode":"local"}}');

    await until(() => machine.starts('gateway').length === starts + 1, SLOW);
    expect((await machine.up()).gateway.state).toBe('running');
  });

  it('starts a held gateway when the agent asks for a restart', async () => {
    machine.behave('gateway', { exit: 78 });
    kill(machine.starts('gateway')[0]);
    await machine.waitFor((now) => now.gateway.state === 'held');
    machine.behave('gateway', {});

    writeFileSync(machine.at('agent/restart-gateway'), 'please');

    expect((await machine.up()).gateway.last_exit).toMatchObject({ code: 78 });
  });

  it('restarts a gateway that runs when the agent asks for it, once per request', async () => {
    writeFileSync(machine.at('agent/restart-gateway'), 'please');

    await until(() => machine.starts('gateway').length === 2 && machine.lines('gateway.runs').at(-1) === 'listening', SLOW);
    expect(machine.lines('gateway.runs')).toContain('term');
    expect(machine.starts('agent')).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(machine.starts('gateway')).toHaveLength(2);
  });

  it('waits longer from crash to crash', async () => {
    machine.behave('agent', { exit: 1 });
    kill(machine.starts('agent')[0]);

    await machine.waitFor((now) => now.agent.restarts >= 3 && now.agent.state === 'backoff');

    const waits = readFileSync(machine.at('logs/supervisor.log'), 'utf8').match(/starting again in ([\d.]+) s/g) ?? [];
    const seconds = waits.map((text) => Number(/[\d.]+/.exec(text)?.[0]));
    expect(seconds.length).toBeGreaterThanOrEqual(3);
    expect(seconds[2]).toBeGreaterThan(seconds[0] ?? 0);
  });

  it('killed with -9 and started again, takes over the agent and the gateway that run', async () => {
    const before = await machine.up();
    await killSupervisor();

    await bed.driver.start(providerId);

    const after = await machine.waitFor((now) => now.process.pid !== before.process.pid && now.gateway.state === 'running' && now.agent.state === 'running');
    expect(after.agent.process).toEqual(before.agent.process);
    expect(after.gateway.process).toEqual(before.gateway.process);
    expect(machine.starts('gateway')).toHaveLength(1);
    kill(after.gateway.process?.pid);
    await until(() => machine.starts('gateway').length === 2, SLOW);
  });

  it('acts on a restart request that was made while no supervisor ran', async () => {
    await killSupervisor();
    writeFileSync(machine.at('agent/restart-gateway'), 'please');

    await bed.driver.start(providerId);

    await until(() => machine.starts('gateway').length === 2, SLOW);
  });

  it('ends a gateway that nobody recorded before it starts one: never two on the same state', async () => {
    await killSupervisor();
    await rm(machine.at('supervisor.json'));
    const [unrecorded] = machine.starts('gateway');

    await bed.driver.start(providerId);

    await until(() => machine.starts('gateway').length === 2, SLOW);
    expect(await machine.pids('gateway')).not.toContain(unrecorded);
    expect(machine.lines('gateway.runs').indexOf('term')).toBeLessThan(machine.lines('gateway.runs').lastIndexOf(`start ${machine.starts('gateway')[1]}`));
  });

  it('a second one for the same machine ends at once', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [supervisor.file, 'run', machine.path]);

    expect(stdout).toContain('already_running');
    expect(machine.starts('gateway')).toHaveLength(1);
  });

  it('ends with its machine when somebody removes the folder', async () => {
    await rm(machine.path, { recursive: true, force: true });

    await until(async () => (await machine.pids()).length === 0, SLOW);
  });

  it('shows the machine with what runs on it, and stop-all leaves nothing', async () => {
    const { stdout: listed } = await promisify(execFile)(process.execPath, [supervisor.file, 'list', bed.machinesDir]);
    expect(JSON.parse(listed)).toMatchObject([
      { machine: providerId, state: 'running', agent: { state: 'running' }, gateway: { state: 'running' }, enrolled: true },
    ]);

    const { stdout: stopped } = await promisify(execFile)(process.execPath, [supervisor.file, 'stop-all', bed.machinesDir]);

    expect(JSON.parse(stopped)).toEqual({ stopped: [providerId], left: [] });
    expect(await machine.pids()).toEqual([]);
    expect((await machine.status())?.state).toBe('stopped');
  });
});
