import { randomBytes } from 'node:crypto';
import { createMemoryLogger } from '@trawling/runtime/testing';
import axios from 'axios';
import { CronWebhook } from '../gateway/openclaw-types.js';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openWebhookReceiver } from './webhook-receiver.js';

const folder = temporaryFolder();
const { logger } = createMemoryLogger();

const webhook = (): CronWebhook =>
  CronWebhook.parse({
    jobId: 'job-1', action: 'finished', runAtMs: Date.parse('2026-11-21T08:00:00.000Z'), durationMs: 48, status: 'ok', summary: 'hi',
    job: { name: 'risk-check', declarationKey: 'fleet:risk-check', state: { runningReceiptId: 'receipt-1' } },
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
