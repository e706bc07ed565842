import { randomBytes } from 'node:crypto';
import { type CronRunResult } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import axios from 'axios';
import { CronJobView, type CronRun, CronWebhook } from '../gateway/openclaw-types.js';
import { realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { SyncError } from '../sync/sync-error.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { cronResultId, openCronResults } from './cron-results.js';
import { createReporter, openReportSpools } from './reporter.js';
import { sendReports } from './send-reports.js';
import { storableText } from './storable-text.js';
import { openWebhookReceiver } from './webhook-receiver.js';

const folder = temporaryFolder();
const { logger } = createMemoryLogger();

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

describe('the webhook receiver', () => {
  const open = (onRun: (run: CronWebhook) => Promise<void> = async () => undefined) =>
    openWebhookReceiver({ host: realHost, path: folder.path('webhook.json'), randomBytes, onRun, logger });
  const post = (webhookOf: { url: string; token: string }, body: unknown, token = webhookOf.token, url = webhookOf.url) =>
    axios.post(url, body, { headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, validateStatus: () => true, proxy: false });

  it('answers 204 after the run is kept', async () => {
    const kept: CronWebhook[] = [];
    const receiver = await open(async (run) => void kept.push(run));

    const { status } = await post(receiver.webhook, webhook());
    await receiver.close();

    expect(status).toBe(204);
    expect(kept).toEqual([webhook()]);
  });

  it('answers 500 when the run could not be kept', async () => {
    const receiver = await open(() => Promise.reject(new Error('disk full')));

    const { status } = await post(receiver.webhook, webhook());
    await receiver.close();

    expect(status).toBe(500);
  });

  it('lets nobody in without its token, knows one address, and takes only what OpenClaw sends', async () => {
    const receiver = await open();

    const statuses = [
      (await post(receiver.webhook, webhook(), 'wrong')).status,
      (await post(receiver.webhook, webhook(), undefined, receiver.webhook.url.replace('/cron', '/other'))).status,
      (await post(receiver.webhook, { hello: 1 })).status,
      (await post(receiver.webhook, '{')).status,
      (await post(receiver.webhook, { fill: 'x'.repeat(1_100_000) })).status,
    ];
    await receiver.close();

    expect(statuses).toEqual([401, 404, 400, 400, 413]);
  });

  it('keeps its port and token over a restart', async () => {
    const first = await open();
    await first.close();

    const second = await open();
    await second.close();

    expect(second.webhook).toEqual(first.webhook);
  });

  it('takes another port when somebody has its own', async () => {
    const first = await open();

    const second = await open();
    await Promise.all([first.close(), second.close()]);

    expect(second.webhook.url).not.toBe(first.webhook.url);
    expect(second.webhook.token).toBe(first.webhook.token);
  });
});

describe('cron results', () => {
  /** OpenClaw as far as results are concerned. */
  async function setUp(history: CronRun[], clock = createFakeClock(new Date(STARTED))) {
    const handedOn: CronRunResult[] = [];
    const jobs = [
      CronJobView.parse({ id: 'job-1', name: 'risk-check', declarationKey: 'fleet:risk-check', enabled: true }),
      CronJobView.parse({ id: 'foreign', name: 'heartbeat', declarationKey: 'heartbeat:main', enabled: true }),
    ];
    const results = await openCronResults({
      host: realHost,
      ledgerPath: folder.path('ledger.json'),
      spoolPath: folder.path('webhooks.jsonl'),
      clock,
      configVersion: () => '7',
      handOn: async (result) => void handedOn.push(result),
      api: {
        cronList: async () => jobs,
        cronRuns: async (_filter, until) => {
          const newestFirst = [...history].sort((a, b) => b.ts - a.ts);
          const stop = newestFirst.findIndex(until);
          return stop === -1 ? newestFirst : newestFirst.slice(0, stop);
        },
        taskRunId: async () => null,
      },
    });
    return { results, handedOn, history, clock };
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

    expect(second.handedOn).toMatchObject([{ source: 'webhook', run_at: '2026-11-21T08:01:00.000Z' }]);
  });

  it('knows the job of a run after the job is gone', async () => {
    const { results } = await setUp([]);
    await results.collect();
    const later = await setUp([record()]);

    await later.results.collect();

    expect(later.handedOn).toMatchObject([{ declaration_key: 'fleet:risk-check' }]);
  });

  it('ignores webhooks of jobs that are not its own', async () => {
    const { results, handedOn } = await setUp([]);
    await results.received(webhook({ job: { name: 'x', declarationKey: 'other:x' } }));

    expect(await results.collect()).toBe(true);
    expect(handedOn).toEqual([]);
  });
});

describe('sending reports', () => {
  const open = async () => {
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await realHost.ensureDir(dir);
    return createReporter({ spools: await openReportSpools(realHost, paths), clock: createFakeClock(), onReport: () => undefined });
  };
  const clientThat = (fail: (call: string, count: number) => SyncError | null) => {
    const sent: string[] = [];
    const send = (call: string) => async (items: unknown) => {
      const error = fail(call, sent.length);
      if (error) throw error;
      sent.push(call);
      return { accepted: Array.isArray(items) ? items.length : 1, duplicates: 0, rejected: [] };
    };
    const ack = async () => void (await send('ack')({}));
    return { sent, client: { ack, cronResults: send('cronResults'), events: send('events'), metrics: send('metrics') } };
  };

  it('sends verdicts first and empties the spools', async () => {
    const reporter = await open();
    await reporter.metric('agent.rss_bytes', 1);
    await reporter.event('thing', 'info', 'happened');
    await reporter.ack(payloadWith(), 'applied');
    const { sent, client } = clientThat(() => null);

    await sendReports({ reporter, client, logger });

    expect(sent).toEqual(['ack', 'events', 'metrics']);
    expect(Object.values(reporter.spools).map((spool) => spool.size())).toEqual([0, 0, 0, 0]);
  });

  it('keeps everything when the sync-adapter cannot be reached', async () => {
    const reporter = await open();
    await reporter.ack(payloadWith(), 'applied');
    const { client } = clientThat(() => new SyncError({ kind: 'unreachable' }, 'away'));

    await expect(sendReports({ reporter, client, logger })).rejects.toThrow('away');

    expect(reporter.spools.acks.size()).toBe(1);
  });

  it('drops what is refused for good, and goes on with the rest', async () => {
    const reporter = await open();
    await reporter.ack(payloadWith(), 'failed', { code: 'x', message: 'y' });
    await reporter.event('thing', 'info', 'happened');
    const { sent, client } = clientThat((call) => (call === 'ack' ? new SyncError({ kind: 'refused', status: 409, code: 'hash-mismatch', issues: [] }, 'no') : null));

    await sendReports({ reporter, client, logger });

    expect(sent).toEqual(['events']);
    expect(reporter.spools.acks.size()).toBe(0);
  });
});

describe('storableText', () => {
  it('takes out what a database refuses and never cuts a character in half', () => {
    expect(storableText('a\0b', 10)).toBe('ab');
    expect(storableText('a😀', 2)).toBe('a\uFFFD');
    expect(storableText('😀b', 10)).toBe('😀b');
  });
});
