import { MAX_MODEL_CALLS_OF_A_RUNAWAY_TURN, MAX_MODEL_CALLS_OF_A_STUCK_TURN, MAX_TOOL_CALLS_OF_A_TURN } from '@trawling/domain';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { type RealFleet, startRealFleet } from '../testing/real-fleet.js';
import { type ScriptedLlm, startScriptedLlm } from '../testing/scripted-llm.js';

jest.setTimeout(240_000);

const SLOW = { timeoutMs: 120_000, intervalMs: 50 };
const Started = z.object({ runId: z.string() });

describe('the shipped agent, when the LLM of a turn asks for tools for ever', () => {
  let llm: ScriptedLlm;
  let fleet: RealFleet;

  const job = async () => {
    const found = (await fleet.ownJobs()).find(({ declarationKey }) => declarationKey === 'fleet:run-algorithm');
    if (!found) throw new Error('no job run-algorithm');
    return found;
  };
  /** Resolves with the result the agent reports, when the turn is over. */
  const runTurn = async () => {
    const started = Started.parse(await fleet.observer.request('cron.run', { id: (await job()).id, mode: 'force' }, 15_000));
    return until(() => fleet.sync.cronResults.find(({ run_id }) => run_id === started.runId), { ...SLOW, message: 'the turn goes on' });
  };
  const stops = () => fleet.sync.events.filter(({ type }) => type === 'runaway_turn_stopped');

  beforeAll(async () => {
    llm = await startScriptedLlm();
    fleet = await startRealFleet();
    fleet.agent.start();
    const payload = fleet.payload({
      llm: { provider: 'openai-compatible', model: 'm', base_url: llm.url },
      schedule: { 'run-algorithm': '0 0 1 1 *', 'config-sync': '*/2 * * * * *', 'health-ping': '*/2 * * * * *' },
    });
    await fleet.sync.publish(payload);
    await until(() => fleet.sync.acks.some((ack) => ack.outcome === 'applied'), { ...SLOW, message: 'not applied' });
  });
  afterAll(async () => {
    await fleet?.stop();
    await llm?.close();
  });

  it.each([
    ['with other arguments each time', (call: number) => ({ tool: 'read', args: { path: `round-${call}.txt` } })],
    ['for another tool with other arguments each time', (call: number) => ({ tool: `tool_${call}`, args: { round: call } })],
  ])('stops the turn that asks %s within the stated number of model calls, says so, and the next turn is as ever', async (_how, script) => {
    const before = stops().length;
    llm.answer(script);

    const stopped = await runTurn();

    const calls = llm.calls();
    expect(stopped).toMatchObject({ status: 'error', error: expect.stringContaining('aborted'), declaration_key: 'fleet:run-algorithm' });
    expect(calls).toBeGreaterThan(MAX_TOOL_CALLS_OF_A_TURN);
    expect(calls).toBeLessThanOrEqual(MAX_MODEL_CALLS_OF_A_RUNAWAY_TURN);
    const event = await until(() => stops()[before], SLOW);
    expect(event).toMatchObject({
      severity: 'warning',
      data: {
        run_id: expect.stringMatching(/./),
        session_key: expect.stringContaining((await job()).id),
        declaration_key: 'fleet:run-algorithm',
        tool_calls: MAX_TOOL_CALLS_OF_A_TURN + 1,
      },
    });

    // OpenClaw does not try the stopped turn again: no call has come since, and the job waits for its schedule.
    expect(llm.calls()).toBe(calls);
    const { enabled, state } = await job();
    expect({ enabled, status: state['lastRunStatus'], running: 'runningAtMs' in state }).toEqual({ enabled: true, status: 'error', running: false });
    llm.answer(() => 'BTC: hold');
    expect(await runTurn()).toMatchObject({ status: 'ok', summary: 'BTC: hold' });
    expect(llm.calls()).toBe(1);
    expect(stops()).toHaveLength(before + 1);
  });

  it('leaves the turn that repeats itself to OpenClaw, which is quicker', async () => {
    const before = stops().length;
    llm.answer(() => ({ tool: 'read', args: { path: 'always.txt' } }));

    const stopped = await runTurn();

    expect(stopped.status).toBe('error');
    expect(llm.calls()).toBeLessThanOrEqual(MAX_MODEL_CALLS_OF_A_STUCK_TURN);
    expect(stops()).toHaveLength(before);
  });

  it('stops no other turn that goes on at the same time', async () => {
    const before = stops().length;
    const calm = llm.hold('a calm question');
    llm.answer((call) => ({ tool: 'read', args: { path: `round-${call}.txt` } }));
    const { runId } = Started.parse(
      await fleet.observer.request('agent', { message: 'a calm question', sessionKey: 'agent:main:calm', idempotencyKey: 'calm' }, 15_000),
    );
    await until(() => calm.held() > 0, { ...SLOW, message: 'the calm turn did not begin' });

    expect(await runTurn()).toMatchObject({ status: 'error' });
    calm.release();

    expect(await fleet.observer.request('agent.wait', { runId, timeoutMs: 30_000 }, 40_000)).toMatchObject({ status: 'ok' });
    await until(() => stops().length === before + 1, SLOW);
  });
});
