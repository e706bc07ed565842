import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { sha256Of } from '@trawling/domain';
import { until } from '@trawling/runtime/testing';
import { startTestReceiver } from '@trawling/status-publisher/testing';
import axios from 'axios';
import { createHandHost } from '../hand/hand-host.js';
import { realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { type Applied } from '../state/agent-state.js';
import { StatusAddress } from '../status/status-server.js';
import { bundleAgent, runAgent, type RunningAgent } from '../testing/bundled-agent.js';
import { machineSpecFor } from '../testing/machine-spec.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { startTestSyncAdapter, type TestSyncAdapter } from '../testing/test-sync-adapter.js';
import { AgentUpdate, buildFile } from './agent-update.js';

const folder = temporaryFolder();
const SLOW = { timeoutMs: 30_000 };
jest.setTimeout(60_000);

describe('the agent as it is shipped', () => {
  let bundle: Awaited<ReturnType<typeof bundleAgent>>;
  let sync: TestSyncAdapter;
  const running: RunningAgent[] = [];
  const paths = () => machinePaths(folder.path());

  beforeAll(async () => {
    bundle = await bundleAgent();
  });
  afterAll(() => bundle.remove());
  beforeEach(async () => {
    sync = await startTestSyncAdapter();
    for (const dir of paths().dirs) await realHost.ensureDir(dir);
    await copyFile(bundle.file, paths().agentFile);
    writeFileSync(paths().spec, JSON.stringify({ ...machineSpecFor(sync), agent_sha256: sha256Of(bundle.content) }));
    writeFileSync(paths().enrollmentToken, sync.enrollmentToken);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) {
      one.child.kill('SIGKILL');
      await one.gone;
    }
    await sync.close();
  });

  const start = (...args: string[]): RunningAgent => {
    const one = runAgent(paths().agentFile, [...args, '--machine', paths().spec]);
    running.push(one);
    return one;
  };
  const update = (): AgentUpdate | null => (existsSync(paths().update) ? AgentUpdate.parse(JSON.parse(readFileSync(paths().update, 'utf8'))) : null);
  const applyConfigNaming = async (agentSha256: string) => {
    const payload = payloadWith();
    const applied: Applied = {
      payload: { ...payload, runtime: { ...payload.runtime, agent_sha256: agentSha256 } },
      rendered: {}, applied_at: new Date().toISOString(), revision_hash: null,
    };
    await realHost.writeAtomic(paths().applied, JSON.stringify(applied));
  };

  it('ends in order for the build that its config names, starts it, and keeps it once a heartbeat was answered', async () => {
    const next = sync.putAgentBuild(`console.error('THE NEXT BUILD');\n${bundle.content}`);
    await applyConfigNaming(next);

    const first = start('run');
    expect(await first.gone).toBe(0);
    expect(update()).toEqual({ sha256: next, state: 'trial', tries: 0 });
    const second = start('run');

    await until(() => update()?.state === 'good', SLOW);
    expect(second.output()).toContain('THE NEXT BUILD');
    await until(() => sync.events.some(({ type }) => type === 'agent_updated'), SLOW);
    second.child.kill('SIGTERM');
    expect(await second.gone).toBe(0);
  });

  it('takes over again from a build that cannot start, and tells the owner', async () => {
    const broken = sync.putAgentBuild('throw new Error("no good");\n');
    await applyConfigNaming(broken);
    expect(await start('run').gone).toBe(0);

    for (let attempt = 0; attempt < 3; attempt += 1) expect(await start('run').gone).toBe(1);
    const last = start('run');

    await until(() => sync.events.some(({ type }) => type === 'agent_update_failed'), SLOW);
    expect(update()).toMatchObject({ sha256: broken, state: 'failed' });
    expect(existsSync(buildFile(paths(), broken))).toBe(true);
    last.child.kill('SIGTERM');
    expect(await last.gone).toBe(0);
  });

  it('says on loopback how it is, what it can do and what it lacks, and with its last heartbeat that it ends', async () => {
    const agent = start('run');
    await until(() => sync.heartbeats.length > 0, SLOW);
    const { url } = StatusAddress.parse(JSON.parse(readFileSync(paths().status, 'utf8')));
    const ask = async (path: string) => (await axios.get<unknown>(`${url}${path}`, { proxy: false, validateStatus: () => true })).data;

    // There is no gateway beside it.
    expect(await ask('/status')).toMatchObject({ agent_name: 'bot-agent', status: 'Degraded', active_jobs: 0 });
    expect(await ask('/capabilities')).toMatchObject({ capabilities: [{ name: 'config.apply' }, { name: 'jobs.run' }, { name: 'reports.relay' }] });
    expect(await ask('/readyz')).toMatchObject({
      code: 'unavailable', detail: 'Not ready: gateway', checks: { enrolled: { ok: true }, gateway: { ok: false }, sync_adapter: { ok: true }, spool: { ok: true } },
    });
    expect(await ask('/metrics')).toContain('agent_info{bot_id="');
    agent.child.kill('SIGTERM');
    expect(await agent.gone).toBe(0);

    expect(sync.heartbeats.map(({ health }) => health.details['draining'] ?? false)).toEqual([...sync.heartbeats.slice(1).map(() => false), true]);
    expect(sync.heartbeats.at(-1)).toMatchObject({ capabilities: ['config.apply', 'jobs.run', 'reports.relay'], capacity: { concurrent_tasks: 0, queue_length: 0 } });
    expect(agent.output().match(/OPENCLAW_BASE_URL is not set/g)).toHaveLength(1);
  });

  it('publishes itself as well where it is told to, until its last word', async () => {
    const receiver = await startTestReceiver();
    const agent = runAgent(paths().agentFile, ['run', '--machine', paths().spec], { OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: 'ttk_publisher' });
    running.push(agent);
    await until(() => receiver.received().length > 0, SLOW);

    agent.child.kill('SIGTERM');
    expect(await agent.gone).toBe(0);
    await receiver.close();

    expect(new Set(receiver.requests().map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer ttk_publisher']));
    expect(receiver.received()[0]).toMatchObject({
      service_name: 'bot-agent', capabilities: ['config.apply', 'jobs.run', 'reports.relay'], health: { details: { bot_id: sync.botId } },
    });
    expect(receiver.healths().slice(-2)).toEqual(['draining', 'offline']);
    expect(agent.output()).not.toContain('ttk_publisher');
  });

  it('ends in time when nobody hears its last heartbeat', async () => {
    const agent = start('run');
    await until(() => sync.heartbeats.length > 0, SLOW);
    sync.fault('*', 'hang');

    agent.child.kill('SIGTERM');

    expect(await agent.gone).toBe(0);
    expect(agent.output()).not.toContain('stopping took too long');
  });

  it('prepares the first start of a gateway, and lends a hand on a socket until it is told to end', async () => {
    expect(await start('prepare-gateway').gone).toBe(0);
    const token = readFileSync(paths().gatewayToken, 'utf8');
    const hand = start('gateway-hand', '--socket', folder.path('hand.sock'));
    await until(() => existsSync(folder.path('hand.sock')), SLOW);
    const host = createHandHost(folder.path('hand.sock'));

    expect(await host.readText(paths().gatewayToken)).toBe(token);
    await expect(host.readText(paths().enrollmentToken)).rejects.toThrow('not in a folder of the gateway');

    // What the gateway's user can do to it: a file that keeps whoever opens it.
    rmSync(paths().openclawConfig);
    execFileSync('mkfifo', [paths().openclawConfig]);
    await expect(host.readText(paths().openclawConfig)).rejects.toThrow('is not a regular file');

    hand.child.kill('SIGTERM');
    expect(await hand.gone).toBe(0);
  });

  it('does not start as a hand without a socket to listen on', async () => {
    const hand = start('gateway-hand');

    expect(await hand.gone).toBe(1);
    expect(hand.output()).toContain('socket unit');
  });
});
