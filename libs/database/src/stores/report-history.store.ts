import type { BotEvent, MetricPoint } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** An event the control plane itself has to tell about a bot. */
export const insertBotEvent = (tx: Tx, botId: string, event: BotEvent): Promise<void> => insertServerEvents(tx, [{ botId, event }]);

/** Events about bots that we noticed ourselves, all in one statement. */
export async function insertServerEvents(tx: Tx, events: readonly { botId: string; event: BotEvent }[]): Promise<void> {
  if (events.length === 0) return;
  const column = (of: (event: BotEvent) => string): string[] => events.map(({ event }) => of(event));
  await tx.$executeRaw`
    INSERT INTO bot_event (bot_id, id, type, severity, message, data, timestamp, source)
    SELECT bot_id, id, type, severity, message, data::jsonb, timestamp, 'server'
    FROM unnest(
      ${events.map(({ botId }) => botId)}::uuid[], ${column(({ id }) => id)}::uuid[], ${column(({ type }) => type)}::text[],
      ${column(({ severity }) => severity)}::text[], ${column(({ message }) => message)}::text[],
      ${column(({ data }) => JSON.stringify(data))}::text[], ${column(({ timestamp }) => timestamp)}::timestamptz[]
    ) AS e(bot_id, id, type, severity, message, data, timestamp)`;
}

export type BotAlert = Pick<Prisma.BotEventGetPayload<object>, 'type' | 'severity' | 'message' | 'timestamp'>;

/** Warnings and errors we noticed ourselves of a bot in the last 24 hours, the newest of each type. */
export async function listAlerts(tx: Tx, botId: string): Promise<BotAlert[]> {
  return tx.$queryRaw`
    SELECT type, severity, message, timestamp FROM (
      SELECT DISTINCT ON (type) type, severity, message, timestamp, received_at FROM bot_event
      WHERE bot_id = ${botId}::uuid AND source = 'server' AND severity <> 'info' AND received_at > now() - interval '24 hours'
      ORDER BY type, received_at DESC
    ) newest ORDER BY received_at DESC`;
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
  page: { name: string | null; since: Date | null; until: Date | null; after: MetricPosition | null; limit: number },
): Promise<(Omit<MetricPoint, 'timestamp' | 'labels'> & { timestamp: Date; labelsHash: string; labels: Prisma.JsonValue })[]> {
  const { after } = page;
  const conditions = [Prisma.sql`bot_id = ${botId}::uuid`];
  if (page.name !== null) conditions.push(Prisma.sql`name = ${page.name}`);
  if (page.since !== null) conditions.push(Prisma.sql`timestamp >= ${page.since}`);
  if (page.until !== null) conditions.push(Prisma.sql`timestamp < ${page.until}`);
  if (after !== null) {
    conditions.push(Prisma.sql`(timestamp, name, labels_hash) < (${after.timestamp}, ${after.name}, decode(substr(${after.labelsHash}, 8), 'hex'))`);
  }
  return tx.$queryRaw`
    SELECT name, timestamp, value, labels, 'sha256:' || encode(labels_hash, 'hex') AS "labelsHash" FROM metrics.bot_metric
    WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY timestamp DESC, name DESC, labels_hash DESC LIMIT ${page.limit}`;
}
