import { type CronRunResult } from '@trawling/contracts';
import { createFakeClock } from '@trawling/runtime/testing';
import { CronJobView, type CronRun, CronWebhook } from '../gateway/openclaw-types.js';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { cronResultId, openCronResults } from './cron-results.js';

const folder = temporaryFolder();
const DAY_MS = 86_400_000;

const STARTED = Date.parse('2026-11-21T08:00:00.000Z');
const webhook = (over: object = {}): CronWebhook =>
  CronWebhook.parse({
    jobId: 'job-1', action: 'finished', runAtMs: STARTED, durationMs: 48, status: 'ok', summary: 'hi',
    job: { name: 'risk-check', declarationKey: 'fleet:risk-check', state: { runningReceiptId: 'receipt-1' } },
    ...over,
  });
const record = (over: Partial<CronRun> = {}): CronRun => ({
  ts: STARTED + 89, jobId: 'job-1', action: 'finished', status: 'ok', summary: 'hi', runAtMs: STARTED, durationMs: 89, ...over,
});

describe('cron results', () => {
  /** OpenClaw as far as results are concerned. */
  async function setUp(history: CronRun[], clock = createFakeClock(new Date(STARTED))) {
    const handedOn: CronRunResult[] = [];
    const asked = { taskRunIds: 0 };
    const machine = { wrongMs: 0 };
    const machineClock = { ...clock, now: () => new Date(clock.now().getTime() + machine.wrongMs) };
    const jobs = [
      CronJobView.parse({ id: 'job-1', name: 'risk-check', declarationKey: 'fleet:risk-check', enabled: true }),
      CronJobView.parse({ id: 'foreign', name: 'heartbeat', declarationKey: 'heartbeat:main', enabled: true }),
    ];
    const results = await openCronResults({
      host: realHost,
      ledgerPath: folder.path('ledger.json'),
      spoolDir: folder.path('webhooks'),
      clock: machineClock,
      serverClock: await serverClockOn(folder.path('clock.json'), clock, { wrongMs: () => machine.wrongMs }),
      configVersion: () => '7',
      handOn: async (result, at) => void handedOn.push({ ...result, run_at: at.timestamp }),
      api: {
        cronList: async () => jobs,
        cronRuns: async (_filter, until) => {
          const newestFirst = [...history].sort((a, b) => b.ts - a.ts);
          const stop = newestFirst.findIndex(until);
          return stop === -1 ? newestFirst : newestFirst.slice(0, stop);
        },
        taskRunIds: async () => {
          asked.taskRunIds += 1;
          return () => null;
        },
      },
    });
    return { results, handedOn, history, clock, machine, asked };
  }

  it('completes a webhook with OpenClaw’s own record of the run', async () => {
    const { results, handedOn } = await setUp([record({ runId: 'manual:job-1:1' })]);
    await results.received(webhook());

    expect(await results.collect()).toBe(true);

    expect(handedOn).toEqual([{
      id: cronResultId('job-1', STARTED), run_id: 'manual:job-1:1', job_id: 'job-1', declaration_key: 'fleet:risk-check', name: 'risk-check',
      status: 'ok', run_at: '2026-11-21T08:00:00.000Z', duration_ms: 89, summary: 'hi', error: null, source: 'webhook', config_version: '7',
    }]);
  });

  it('waits for the record, which OpenClaw writes after the webhook', async () => {
    const { results, handedOn, history } = await setUp([]);
    await results.received(webhook());

    expect(await results.collect()).toBe(false);
    history.push(record());
    expect(await results.collect()).toBe(true);

    expect(handedOn).toMatchObject([{ run_id: `cron:job-1:${STARTED}:receipt-1` }]);
  });

  it('hands on what it has when no record comes', async () => {
    const { results, handedOn, clock } = await setUp([]);
    await results.received(webhook());
    await results.collect();

    await clock.advance(31_000);

    expect(await results.collect()).toBe(true);
    expect(handedOn).toHaveLength(1);
  });

  it('finds runs nobody told it of, of its own jobs only, each once', async () => {
    const { results, handedOn, history } = await setUp([record(), record({ jobId: 'foreign' })]);

    await results.collect();
    history.push(record({ runAtMs: STARTED + 60_000, ts: STARTED + 60_090, status: 'error', error: 'no' }));
    await results.collect();
    await results.collect();

    expect(handedOn).toMatchObject([{ source: 'catch_up', status: 'ok' }, { source: 'catch_up', status: 'error', error: 'no' }]);
  });

  it('knows after a restart what it handed on, and what it was told and did not get to hand on', async () => {
    const first = await setUp([record()]);
    await first.results.collect();
    await first.results.received(webhook({ runAtMs: STARTED + 60_000 }));

    const second = await setUp([record(), record({ runAtMs: STARTED + 60_000, ts: STARTED + 60_050 })]);
    await second.results.collect();

    expect(second.handedOn).toMatchObject([{ source: 'webhook', id: cronResultId('job-1', STARTED + 60_000) }]);
  });

  it('knows the job of a run after the job is gone', async () => {
    const { results } = await setUp([]);
    await results.collect();
    const later = await setUp([record()]);

    await later.results.collect();

    expect(later.handedOn).toMatchObject([{ declaration_key: 'fleet:risk-check' }]);
  });

  it('goes on when the machine’s clock is set back by a day, and repeats nothing for ever', async () => {
    const { results, handedOn, history, clock, machine } = await setUp([record()]);
    machine.wrongMs = DAY_MS;
    history.push(record({ runAtMs: STARTED + DAY_MS, ts: STARTED + DAY_MS + 90 }));
    await results.collect();
    machine.wrongMs = 0;

    await clock.advance(120_000);
    history.push(record({ runAtMs: STARTED + 110_000, ts: STARTED + 110_090 }));
    await results.collect();
    const count = handedOn.length;
    await results.collect();
    await results.collect();

    expect(handedOn.map(({ id }) => id)).toContain(cronResultId('job-1', STARTED + 110_000));
    expect(handedOn).toHaveLength(count);
    expect(new Set(handedOn.map(({ id }) => id)).size).toBe(3);
  });

  it('says of no run that it was in the future', async () => {
    const { results, handedOn } = await setUp([record({ runAtMs: STARTED + DAY_MS, ts: STARTED + DAY_MS + 90 })]);
    await results.collect();
    expect(handedOn).toMatchObject([{ run_at: '2026-11-21T08:00:00.000Z' }]);
  });

  it('asks OpenClaw once for the ids of all runs of a gap', async () => {
    const { results, handedOn, asked } = await setUp(Array.from({ length: 50 }, (_, n) => record({ runAtMs: STARTED - n * 1_000, ts: STARTED - n * 1_000 + 5 })));
    await results.collect();
    expect([handedOn.length, asked.taskRunIds]).toEqual([50, 1]);
  });

  it('ignores webhooks of jobs that are not its own', async () => {
    const { results, handedOn } = await setUp([]);
    await results.received(webhook({ job: { name: 'x', declarationKey: 'other:x' } }));

    expect(await results.collect()).toBe(true);
    expect(handedOn).toEqual([]);
  });
});
