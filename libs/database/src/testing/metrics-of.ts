import type { PrismaClient } from '../prisma.js';

export interface StoredMetric {
  name: string;
  timestamp: Date;
  labels: Record<string, string>;
  value: number;
}

/** Every stored point of a bot, by time, then value: Prisma does not know the partitioned table. */
export const metricsOf = (prisma: PrismaClient, botId: string): Promise<StoredMetric[]> =>
  prisma.$queryRaw`
    SELECT name, timestamp, labels, value FROM metrics.bot_metric WHERE bot_id = ${botId}::uuid ORDER BY timestamp, value`;
