import { PrismaPg } from '@prisma/adapter-pg';
import { type MetricPoint } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { createHash } from 'node:crypto';
import { Pool } from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';
import { POOL_SIZE } from './heartbeat-baselines.js';

export type SaveMetrics = (botId: string, points: readonly MetricPoint[]) => Promise<{ count: number }>;

/** One createMany per request, re-sending harmless as in the real one. */
export function saveWithCreateMany(databaseUrl: string): SaveMetrics {
  const prisma = new PrismaClient({ adapter: new PrismaPg(new Pool({ connectionString: databaseUrl, max: POOL_SIZE })) });
  return (botId, points) =>
    prisma.botMetric.createMany({
      data: points.map(({ name, timestamp, value, labels }) => ({
        botId,
        name,
        timestamp,
        labelsHash: new Uint8Array(createHash('sha256').update(canonicalJson(labels)).digest()),
        labels,
        value,
      })),
      skipDuplicates: true,
    });
}
