import type { BotEvent, MetricPoint } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** An event the control plane itself has to tell about a bot. */
export async function insertBotEvent(tx: Tx, botId: string, event: BotEvent): Promise<void> {
  const data: Prisma.InputJsonObject = JSON.parse(JSON.stringify(event.data));
  await tx.botEvent.create({ data: { ...event, botId, data, timestamp: new Date(event.timestamp) } });
}

/** Where a page of events ended. */
export type EventPosition = { receivedAt: Date; id: string };

/** Newest first. Ordered by when we received them: ids made from a cron run do not sort by time. */
export async function listBotEvents(
  tx: Tx,
  botId: string,
  page: { type: string | null; after: EventPosition | null; limit: number },
): Promise<Prisma.BotEventGetPayload<object>[]> {
  const { after } = page;
  return tx.botEvent.findMany({
    where: {
      botId,
      ...(page.type === null ? {} : { type: page.type }),
      ...(after === null
        ? {}
        : { OR: [{ receivedAt: { lt: after.receivedAt } }, { receivedAt: after.receivedAt, id: { lt: after.id } }] }),
    },
    orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
    take: page.limit,
  });
}

/** Where a page of metrics ended. */
export type MetricPosition = { timestamp: Date; name: string; labelsHash: string };

/** Newest first. */
export async function listBotMetrics(
  tx: Tx,
  botId: string,
  page: { name: string | null; since: Date | null; after: MetricPosition | null; limit: number },
): Promise<(Omit<MetricPoint, 'timestamp' | 'labels'> & { timestamp: Date; labelsHash: string; labels: Prisma.JsonValue })[]> {
  const { after } = page;
  const conditions = [Prisma.sql`bot_id = ${botId}::uuid`];
  if (page.name !== null) conditions.push(Prisma.sql`name = ${page.name}`);
  if (page.since !== null) conditions.push(Prisma.sql`timestamp >= ${page.since}`);
  if (after !== null) {
    conditions.push(Prisma.sql`(timestamp, name, labels_hash) < (${after.timestamp}, ${after.name}, decode(substr(${after.labelsHash}, 8), 'hex'))`);
  }
  return tx.$queryRaw`
    SELECT name, timestamp, value, labels, 'sha256:' || encode(labels_hash, 'hex') AS "labelsHash" FROM metrics.bot_metric
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY timestamp DESC, name DESC, labels_hash DESC LIMIT ${page.limit}`;
}
