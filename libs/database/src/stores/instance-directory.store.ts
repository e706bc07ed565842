import { Uuid, type InstanceFilter } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';
import { type InstanceRow, instances, matching } from './instance-rows.js';

type Tx = Prisma.TransactionClient;
export type { InstanceRow } from './instance-rows.js';

/** One page in the order of the ids: it stays right while others come and go. */
export async function listInstanceRows(
  tx: Tx,
  asked: { filter: InstanceFilter; ownerId: string | null; after: string | null; limit: number },
): Promise<InstanceRow[]> {
  const after = asked.after === null ? Prisma.sql`true` : Prisma.sql`instance.instance_id > ${asked.after}`;
  return tx.$queryRaw`
    SELECT instance.* FROM (${instances()}) AS instance
    WHERE ${matching(asked.filter, asked.ownerId)} AND ${after}
    ORDER BY instance.instance_id LIMIT ${asked.limit}`;
}

/** Those of these ids that are there. */
export async function findInstanceRows(tx: Tx, ids: readonly string[]): Promise<InstanceRow[]> {
  const botIds = ids.filter((id) => Uuid.safeParse(id).success);
  return tx.$queryRaw(instances({
    services: Prisma.sql`service.instance_id = ANY(${[...ids]}::text[])`,
    bots: Prisma.sql`bot.id = ANY(${botIds}::uuid[])`,
  }));
}

/** Everything there is, or what was heard of since; with the database's time, to ask from the next time. */
export async function readDirectory(tx: Tx, since: Date | null): Promise<{ rows: InstanceRow[]; now: Date }> {
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  const rows = await tx.$queryRaw<InstanceRow[]>(
    since === null
      ? instances()
      : instances({ services: Prisma.sql`service.received_at > ${since}`, bots: Prisma.sql`reported.last_heartbeat_at > ${since}` }),
  );
  return { rows, now: clock?.now ?? new Date(0) };
}

export type InstanceStatusChangeRow = Prisma.InstanceStatusChangeGetPayload<object>;

/** What its status was, newest first. */
export async function listInstanceHistory(tx: Tx, instanceId: string, limit: number): Promise<InstanceStatusChangeRow[]> {
  return tx.instanceStatusChange.findMany({ where: { instanceId }, orderBy: { id: 'desc' }, take: limit });
}
