import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type BotEvent } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { openclawRuntime } from '../testing/openclaw-runtime.js';
import { type RealFleet, startRealFleet } from '../testing/real-fleet.js';

jest.setTimeout(400_000);
const FIRST_START_MS = 1_200_000;
const SLOW = { timeoutMs: 90_000 };
const DAY_MS = 86_400_000;
const Started = z.object({ runId: z.string() });
const call = promisify(execFile);

describe('what a bot reports, beside the real OpenClaw', () => {
  let fleet: RealFleet;

  const job = async (name: string) => {
    const found = (await fleet.ownJobs()).find(({ declarationKey }) => declarationKey === `fleet:${name}`);
    if (!found) throw new Error(`no job ${name}`);
    return found;
  };
  const isOver = async (runId: string) => (await fleet.api.cronRuns({ scope: 'all' }, () => false)).some((run) => run.runId === runId);
  /** Runs a job to its end as OpenClaw's own history has it. */
  const runJob = async (id: string): Promise<string> => {
    const { runId } = await until(async () => Started.parse(await fleet.observer.request('cron.run', { id, mode: 'force' }, 15_000)), SLOW);
    await until(() => isOver(runId), SLOW);
    return runId;
  };
  /** OpenClaw tries for 35 seconds to deliver the result of each run; these are about what it then gives up. */
  const runUnheard = async (name: string, count: number): Promise<string[]> => {
    const { id } = await job(name);
    await fleet.api.cronUpdate({ id, patch: { delivery: { mode: 'none' } } });
    const runs: string[] = [];
    for (let n = 0; n < count; n += 1) runs.push(await runJob(id));
    return runs;
  };
  const resultsOf = (runIds: string[]) => fleet.sync.cronResults.filter(({ run_id }) => runIds.includes(run_id));
  const events = (type: string) => fleet.sync.events.filter((event) => event.type === type);
  const trade = (clientId: string) => events('trade').filter(({ data }) => data['client_id'] === clientId);
  const latest = () => fleet.sync.heartbeats.at(-1);
  /** The command line as a skill or a command job uses it. */
  const report = (...args: string[]) => call(openclawRuntime().node, [fleet.paths.agentFile, 'report', ...args], { env: {} });
  const sendTrade = (clientId: string) => report('trade', '--symbol', 'BTC', '--side', 'buy', '--quantity', '1', '--price', '60000', '--client-id', clientId);

  beforeAll(async () => {
    fleet = await startRealFleet();
    await fleet.sync.publish(fleet.payload());
    fleet.agent.start();
    await until(() => fleet.sync.acks.some(({ outcome }) => outcome === 'applied'), { ...SLOW, message: 'not applied' });
  }, FIRST_START_MS);
  afterAll(() => fleet?.stop());

  it('gets all five runs that happened while the agent was killed, each once', async () => {
    const { id } = await job('risk-check');
    await fleet.agent.end('SIGKILL');
    const runs = await runUnheard('risk-check', 5);

    fleet.agent.start();

    await until(() => resultsOf(runs).length >= 5, { ...SLOW, message: 'the runs did not arrive' });
    const another = await runJob(id);
    await until(() => resultsOf([another]).length > 0, SLOW);
    expect(resultsOf(runs).map(({ run_id }) => run_id).sort()).toEqual([...runs].sort());
    expect(resultsOf(runs).every(({ source, status }) => source === 'catch_up' && status === 'ok')).toBe(true);
  });

  it('gets the runs from before the gateway was killed, too, each once', async () => {
    const { id } = await job('risk-check');
    await fleet.agent.end('SIGKILL');
    const runs = await runUnheard('risk-check', 2);
    await fleet.gateway.kill('SIGKILL');
    fleet.agent.start();
    fleet.gateway.spawn();
    // Cold, and beside everything else that tests do: minutes on a machine of two cores.
    await until(() => fleet.observer.state() === 'ready', { timeoutMs: 300_000, message: 'the gateway is not ready' });

    await until(() => resultsOf(runs).length >= 2, { ...SLOW, message: 'the runs did not arrive' });
    await fleet.observer.whenConnected(60_000);
    const another = await runJob(id);
    await until(() => resultsOf([another]).length > 0, SLOW);

    expect(resultsOf(runs)).toHaveLength(2);
  });

  it('gets the trade that a command job of OpenClaw reports through the agent’s command line', async () => {
    const argv = [openclawRuntime().node, fleet.paths.agentFile, 'report', 'trade', '--symbol', 'ETH', '--side', 'sell', '--quantity', '2', '--price', '3000', '--client-id', 'from-a-job'];
    await fleet.observer.request('cron.add', {
      name: 'a skill', declarationKey: 'owner:a-skill', enabled: true, schedule: { kind: 'cron', expr: '0 0 1 1 *', tz: 'UTC', staggerMs: 0 },
      sessionTarget: 'isolated', wakeMode: 'now', payload: { kind: 'command', argv, timeoutSeconds: 60 }, delivery: { mode: 'none' },
    }, 15_000);
    const skill = (await fleet.api.cronList()).find(({ declarationKey }) => declarationKey === 'owner:a-skill');

    await runJob(skill?.id ?? '');

    const [event] = await until(() => (trade('from-a-job').length > 0 ? trade('from-a-job') : null), SLOW);
    expect(event).toMatchObject({ message: 'sell 2 ETH at 3000 (paper)', data: { symbol: 'ETH', price: 3_000, config_version: '1' } });
  });

  it('loses no report that the agent accepted when there is no network and the agent is killed, and sends it once', async () => {
    fleet.sync.fault('*', 'hang');
    const { stdout } = await sendTrade('in-the-dark');
    expect(JSON.parse(stdout)).toMatchObject({ accepted: 1 });
    await fleet.agent.end('SIGKILL');
    await expect(sendTrade('while-it-is-away')).rejects.toMatchObject({ code: 75 });
    fleet.agent.start();
    await until(() => sendTrade('in-the-dark').then(() => true, () => false), SLOW);

    fleet.sync.fault('*', null);

    await until(() => trade('in-the-dark').length > 0, SLOW);
    await sendTrade('after-it');
    await until(() => trade('after-it').length > 0, SLOW);
    expect([trade('in-the-dark').length, trade('while-it-is-away').length]).toEqual([1, 0]);
    expect(latest()?.spool).toMatchObject({ dropped_metrics: 0, dropped_events: 0 });
  });

  it('repairs three times what somebody keeps changing, then leaves it, says so once, and until a new version comes in every heartbeat', async () => {
    const isRepaired = async () => z.object({ tools: z.object({ loopDetection: z.object({ enabled: z.literal(true) }) }) }).safeParse(await fleet.gateway.readConfig()).success;
    const change = async () => {
      const { hash } = await fleet.api.configGet();
      await fleet.api.configPatch({ patch: { tools: { loopDetection: { enabled: false } } }, baseHash: hash, replacePaths: [], note: 'not us' });
    };
    const path = 'tools.loopDetection.enabled';
    const about = (type: string) => events(type).filter(({ data }) => JSON.stringify(data).includes(path));
    for (let n = 1; n <= 3; n += 1) {
      await change();
      await until(() => about('drift_repaired').length === n, { ...SLOW, message: `repair ${n} did not come` });
      expect(await isRepaired()).toBe(true);
    }

    await change();

    await until(() => latest()?.drift?.paths.includes(path), { ...SLOW, message: 'no drift in the heartbeat' });
    await until(() => about('drift_detected').length > 0, SLOW);
    expect(latest()?.health).toMatchObject({ status: 'degraded', details: { drifted_paths: [path] } });
    expect(await isRepaired()).toBe(false);
    expect(about('drift_repaired')).toHaveLength(3);
    await fleet.sync.publish(fleet.payload({ timezone: 'Asia/Tokyo' }));
    await until(() => latest()?.applied_version === '2' && latest()?.drift === null, SLOW);
    expect(await isRepaired()).toBe(true);
    expect(about('drift_detected')).toHaveLength(1);
  });

  it('leaves drift alone and names it when the policy is to report', async () => {
    await fleet.sync.publish(fleet.payload({ drift_policy: 'report' }));
    await until(() => latest()?.applied_version === '3', SLOW);

    await fleet.api.cronRemove((await job('risk-check')).id);

    await until(() => latest()?.drift?.paths.includes('cron:risk-check'), SLOW);
    expect((await fleet.ownJobs()).some(({ declarationKey }) => declarationKey === 'fleet:risk-check')).toBe(false);
    await fleet.sync.publish(fleet.payload());
    await until(() => latest()?.applied_version === '4' && latest()?.drift === null, SLOW);
  });

  describe('on a machine whose clock is a day behind', () => {
    const isRight = (time: string) => Math.abs(Date.parse(time) - Date.now() - DAY_MS) < 60_000;
    const timesOf = (found: BotEvent[]) => found.map(({ timestamp }) => isRight(timestamp));

    beforeAll(() => fleet.sync.setClockAhead(DAY_MS));
    afterAll(() => fleet.sync.setClockAhead(0));

    it('reports the right times, of runs too, and how far its clock is off', async () => {
      await until(() => Math.abs((latest()?.clock_offset_ms ?? 0) - DAY_MS) < 5_000, SLOW);

      await sendTrade('by-the-right-clock');
      const run = await runJob((await job('risk-check')).id);

      await until(() => resultsOf([run]).length > 0 && trade('by-the-right-clock').length > 0, SLOW);
      expect(isRight(resultsOf([run])[0]?.run_at ?? '')).toBe(true);
      expect(timesOf(trade('by-the-right-clock'))).toEqual([true]);
      expect(isRight(latest()?.sent_at ?? '')).toBe(true);
    });

    it('corrects the times of what was spooled before the server first answered', async () => {
      await fleet.agent.end('SIGKILL');
      await rm(fleet.paths.serverClock);
      fleet.sync.fault('*', { code: 'unavailable', retryAfter: '1' });
      fleet.agent.start();
      await until(() => sendTrade('before-the-first-answer').then(() => true, () => false), SLOW);
      await fleet.agent.end('SIGKILL');
      fleet.agent.start();

      fleet.sync.fault('events', { code: 'unavailable', retryAfter: '1' });
      fleet.sync.fault('*', null);
      const beats = fleet.sync.heartbeats.length;
      await until(() => fleet.sync.heartbeats.length > beats + 1, SLOW);
      fleet.sync.fault('events', null);

      await until(() => trade('before-the-first-answer').length > 0, SLOW);
      expect(timesOf(trade('before-the-first-answer'))).toEqual([true]);
    });
  });
});
