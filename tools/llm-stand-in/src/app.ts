import express, { type Express } from 'express';
import { ChatRequest, MODELS, answerChat } from './chat.js';
import { chunksOf, completionOf } from './wire.js';

/** GET /stats: what was asked of the stand-in since it started. */
export type Stats = {
  /** Model calls, by model name. */
  calls: Record<string, number>;
  /** Calls that carried an API key; its value is not kept. */
  with_key: number;
};

/** An OpenAI-compatible server that answers agent turns in development without an account, a key or the internet. */
export function createStandIn({ now }: { now: () => Date }): Express {
  const stats: Stats = { calls: {}, with_key: 0 };
  let answered = 0;
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '32mb' }));

  app.get('/healthz', (_req, res) => void res.json({ ok: true }));
  app.get('/readyz', (_req, res) => void res.json({ ready: true }));
  app.get('/stats', (_req, res) => void res.json(stats));

  app.get('/v1/models', (_req, res) => {
    res.json({ object: 'list', data: Object.values(MODELS).map((id) => ({ id, object: 'model', owned_by: 'stand-in' })) });
  });

  app.post('/v1/chat/completions', (req, res) => {
    const parsed = ChatRequest.safeParse(req.body);
    if (!parsed.success) {
      res.status(400).json({ error: { type: 'invalid_request_error', message: parsed.error.message } });
      return;
    }
    const request = parsed.data;
    stats.calls[request.model] = (stats.calls[request.model] ?? 0) + 1;
    if (req.headers.authorization) stats.with_key += 1;
    answered += 1;

    const answer = answerChat(request);
    const stamp = { id: String(answered), created: Math.floor(now().getTime() / 1000) };
    if (!request.stream) {
      res.json(completionOf(request, answer, stamp));
      return;
    }
    res.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    for (const chunk of chunksOf(request, answer, stamp)) res.write(`data: ${JSON.stringify(chunk)}\n\n`);
    res.end('data: [DONE]\n\n');
  });
  return app;
}
