import { BotStatus, MetricPoint } from '@trawling/contracts';
import { hashToken, parseToken, tokenMatches } from '@trawling/crypto';
import express, { type Express, type RequestHandler } from 'express';
import { z } from 'zod';
import { type BenchFleet } from '../seed/bench-fleet.js';
import { HEARTBEAT_SECONDS, type SaveHeartbeat } from './heartbeat-baselines.js';
import { type SaveMetrics } from './metrics-baseline.js';

const Points = z.array(MetricPoint).min(1).max(1_000);

/** Express as fast as it goes: no ETags, no header of its own; every credential's hash is in memory from the start. */
export function expressApp(fleet: BenchFleet, save: { heartbeat?: SaveHeartbeat; metrics?: SaveMetrics }): Express {
  const app = express();
  app.disable('etag').disable('x-powered-by');
  const authenticate = authenticateWith(fleet);
  app.post('/bots/:bot_id/heartbeat', authenticate, express.json(), async (req, res) => {
    const status = BotStatus.parse(req.body);
    await save.heartbeat?.(String(req.params['bot_id']), status);
    res.json({ server_time: new Date().toISOString(), next_heartbeat_seconds: HEARTBEAT_SECONDS });
  });
  app.post('/bots/:bot_id/metrics', authenticate, express.json(), async (req, res) => {
    const points = Points.parse(req.body);
    const { count } = (await save.metrics?.(String(req.params['bot_id']), points)) ?? { count: 0 };
    res.json({ accepted: count, duplicates: points.length - count, rejected: [] });
  });
  return app;
}

/** The same token, the same hash, the same comparison in constant time as the real one. */
function authenticateWith(fleet: BenchFleet): RequestHandler {
  const known = new Map(
    fleet.bots.map(({ bot_id, credential }) => [parseToken(credential)?.id ?? '', { botId: bot_id, hash: hashToken(credential) }]),
  );
  return (req, res, next) => {
    const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const row = known.get(parseToken(token)?.id ?? '');
    if (row && row.botId === req.params['bot_id'] && tokenMatches(token, row.hash)) next();
    else res.status(401).end();
  };
}
