import { readFile } from 'node:fs/promises';
import { type BotConfigPayload, type BotSettingsInput } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import axios from 'axios';
import { type RealFleet, startRealFleet } from '../testing/real-fleet.js';
import { type ScriptedLlm, startScriptedLlm } from '../testing/scripted-llm.js';
import { StatusAddress } from './status-server.js';

jest.setTimeout(240_000);

const SLOW = { timeoutMs: 120_000, intervalMs: 50 };
/** No job runs by itself, and no heartbeat goes for its time alone. */
const STILL = { 'fetch-prices': '0 0 1 1 *', 'run-algorithm': '0 0 1 1 *', 'risk-check': '0 0 1 1 *', 'config-sync': '*/2 * * * * *', 'health-ping': '0 0 * * * *' };

describe('the shipped agent beside the real OpenClaw says what the bot can do', () => {
  let llm: ScriptedLlm;
  let fleet: RealFleet;

  const ask = async (path: string) => {
    const { url } = StatusAddress.parse(JSON.parse(await readFile(fleet.paths.status, 'utf8')));
    return (await axios.get<unknown>(`${url}${path}`, { proxy: false, validateStatus: () => true })).data;
  };
  const startRun = async () => {
    const job = (await fleet.ownJobs()).find(({ declarationKey }) => declarationKey === 'fleet:run-algorithm');
    await fleet.observer.request('cron.run', { id: job?.id, mode: 'force' }, 15_000);
  };
  const apply = async (settings: Partial<BotSettingsInput> = {}, change: (payload: BotConfigPayload) => BotConfigPayload = (payload) => payload) => {
    const payload = change(fleet.payload({ llm: { provider: 'openai-compatible', model: 'm', base_url: llm.url }, schedule: STILL, ...settings }));
    await fleet.sync.publish(payload);
    await until(() => fleet.sync.acks.some(({ version, outcome }) => version === payload.version && outcome === 'applied'), { ...SLOW, message: 'not applied' });
    return payload;
  };
  const last = () => fleet.sync.heartbeats.at(-1);

  beforeAll(async () => {
    llm = await startScriptedLlm();
    fleet = await startRealFleet();
    fleet.agent.start();
  });
  afterAll(async () => {
    await fleet?.stop();
    await llm?.close();
  });

  it('is ready, with the strategy of its config and room for as many runs as it has jobs', async () => {
    await apply({ algorithm_mode: 'breakout' });

    await until(() => last()?.capabilities?.includes('strategy.breakout'), { ...SLOW, message: 'no heartbeat with the strategy' });

    expect(last()).toMatchObject({ capabilities: ['config.apply', 'jobs.run', 'reports.relay', 'strategy.breakout', 'mode.paper'], capacity: { concurrent_tasks: 3, queue_length: 0 } });
    // What the gateway's start impaired has to be over for a while first, so that it does not flap.
    await until(async () => JSON.stringify(await ask('/status')).includes('"Available","active_jobs":0'), { ...SLOW, message: 'not available' });
    expect(await ask('/readyz')).toMatchObject({ status: 'ready', checks: { enrolled: { ok: true }, gateway: { ok: true }, sync_adapter: { ok: true }, spool: { ok: true } } });
  });

  it('has one run more while a job runs, also after its agent was started again in the middle of it, and one less after it', async () => {
    const turn = llm.hold('breakout algorithm');
    await startRun();
    await until(() => turn.held() > 0, { ...SLOW, message: 'the turn did not begin' });
    await until(async () => JSON.stringify(await ask('/status')).includes('"active_jobs":1'), { ...SLOW, message: 'the run does not count' });

    await fleet.agent.end('SIGTERM');
    const before = fleet.sync.heartbeats.length;
    fleet.agent.start();
    await until(() => fleet.sync.heartbeats.slice(before).some(({ capacity }) => capacity?.queue_length === 1), { ...SLOW, message: 'the run does not count after a restart' });
    turn.release();

    await until(async () => JSON.stringify(await ask('/status')).includes('"active_jobs":0'), { ...SLOW, message: 'the run counts for ever' });
    await until(async () => String(await ask('/metrics')).includes('agent_job_runs_total{result="ok"} 1'), { ...SLOW, message: 'the end was not counted once' });
  });

  it('tells at once that it trades no more, long before its next heartbeat is due', async () => {
    await apply({ algorithm_mode: 'breakout' });
    const beats = fleet.sync.heartbeats.length;

    await fleet.gateway.kill('SIGKILL');

    await until(() => fleet.sync.heartbeats.slice(beats).some(({ capacity, health }) => capacity?.concurrent_tasks === 0 && health.status !== 'healthy'), { ...SLOW, message: 'nobody was told' });
    expect(await ask('/readyz')).toMatchObject({ code: 'unavailable', checks: { gateway: { ok: false } } });
    fleet.gateway.spawn();
    await fleet.gateway.whenReady();
    await until(() => last()?.capacity?.concurrent_tasks === 3 && last()?.health.status === 'healthy', { ...SLOW, message: 'nobody was told that it is back' });
  });
});
