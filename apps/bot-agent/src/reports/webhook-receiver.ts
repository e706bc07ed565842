import { createServer, type IncomingMessage } from 'node:http';
import { hashToken, tokenMatches } from '@trawling/crypto';
import { type Logger } from '@trawling/runtime';
import { z } from 'zod';
import { CronWebhook } from '../gateway/openclaw-types.js';
import { type Host } from '../host.js';
import { closeServer, listenOnLoopback, readBody } from '../local/loopback-listener.js';
import { openJsonFile } from '../state/json-file.js';

const Address = z.object({ port: z.int().min(1).max(65_535), token: z.string().min(20) });
type Address = z.infer<typeof Address>;

export interface WebhookReceiver {
  /** What OpenClaw is told: stays the same over restarts, or every restart would change the rendered config. */
  webhook: { url: string; token: string };
  close(): Promise<void>;
}

/** OpenClaw's bodies are one or two KB; a job's output is in them. */
const MAX_BYTES = 1024 * 1024;
const PATH = '/cron';

/**
 * Takes OpenClaw's deliveries of cron results on loopback. Answers only after `onRun` has them on the disk: OpenClaw
 * does not promise to send one again.
 */
export async function openWebhookReceiver(deps: {
  host: Host;
  /** Where port and token are kept. */
  path: string;
  randomBytes(size: number): Uint8Array;
  onRun(run: CronWebhook): Promise<void>;
  logger: Logger;
}): Promise<WebhookReceiver> {
  const file = await openJsonFile(deps.host, deps.path, Address);
  const stored = file.current();
  const token = stored?.token ?? Buffer.from(deps.randomBytes(32)).toString('base64url');

  const expected = hashToken(`Bearer ${token}`);
  const server = createServer((request, response) => {
    const answer = (status: number) => response.writeHead(status, { Connection: 'close' }).end();
    if (request.method !== 'POST' || request.url !== PATH) return answer(404);
    if (!tokenMatches(request.headers.authorization ?? '', expected)) return answer(401);
    receive(request, deps.onRun).then(answer, (error: unknown) => {
      deps.logger.error({ err: error }, 'a cron result could not be kept');
      answer(500);
    });
  });

  const address: Address = { port: await listenOnLoopback(server, stored?.port ?? 0, deps.logger), token };
  if (address.port !== stored?.port) await file.write(address);
  return {
    webhook: { url: `http://127.0.0.1:${address.port}${PATH}`, token },
    close: () => closeServer(server),
  };
}

async function receive(request: IncomingMessage, onRun: (run: CronWebhook) => Promise<void>): Promise<number> {
  const text = await readBody(request, MAX_BYTES);
  if (text === null) return 413;
  const run = parseRun(text);
  if (!run) return 400;
  await onRun(run);
  return 204;
}

function parseRun(text: string): CronWebhook | null {
  try {
    return CronWebhook.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
