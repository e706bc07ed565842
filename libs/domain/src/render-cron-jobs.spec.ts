import { generateBotConfig } from './generate-bot-config.js';
import { renderCronJobs } from './render-cron-jobs.js';
import { contextWith, settingsWith } from './testing/examples.js';
import { machineWith } from './testing/openclaw-machine.js';

const payload = generateBotConfig({ settings: settingsWith({ timezone: 'Europe/Berlin' }), context: contextWith() });
const jobNamed = (name: string, machine = machineWith()) => renderCronJobs(payload, machine).find((job) => job.name === name);

describe('renderCronJobs', () => {
  it('hands OpenClaw its own jobs under our prefix; the agent’s loop runs the others', () => {
    expect(renderCronJobs(payload, machineWith()).map(({ declarationKey }) => declarationKey)).toEqual(['fleet:fetch-prices', 'fleet:run-algorithm', 'fleet:risk-check']);
  });

  it('turns a command into an argv of this machine', () => {
    expect(jobNamed('risk-check')).toEqual({
      declarationKey: 'fleet:risk-check',
      name: 'risk-check',
      description: 'Check open positions against the risk caps',
      enabled: true,
      schedule: { kind: 'cron', expr: payload.cron_jobs[2]?.schedule, tz: 'Europe/Berlin', staggerMs: 0 },
      sessionTarget: 'isolated',
      wakeMode: 'now',
      payload: { kind: 'command', argv: ['/m/node', '/m/agent.js', 'job', 'risk-check', '--params', '/m/agent/trading-params.json'], timeoutSeconds: 30 },
      delivery: { mode: 'webhook', to: 'http://127.0.0.1:4999/cron' },
      failureAlert: false,
    });
  });

  it('says where the data comes from when there is a source', () => {
    const machine = machineWith({ dataRetrievalUrl: 'http://127.0.0.1:9/data' });

    expect(jobNamed('fetch-prices', machine)?.payload).toMatchObject({ argv: expect.arrayContaining(['--data-url', 'http://127.0.0.1:9/data']) });
  });

  it('gives an agent turn an explicit tool list, light context and a time-out', () => {
    expect(jobNamed('run-algorithm')?.payload).toMatchObject({ kind: 'agentTurn', toolsAllow: ['read'], lightContext: true, timeoutSeconds: 90 });
  });

  it('delivers nowhere without a receiver', () => {
    expect(jobNamed('risk-check', machineWith({ webhook: null }))?.delivery).toEqual({ mode: 'none' });
  });

  it('keeps disabled jobs, disabled', () => {
    const paused = generateBotConfig({ settings: settingsWith(), context: contextWith({ paused: true }) });

    expect(renderCronJobs(paused, machineWith()).map(({ name, enabled }) => [name, enabled])).toEqual([
      ['fetch-prices', false], ['run-algorithm', false], ['risk-check', true],
    ]);
  });
});
