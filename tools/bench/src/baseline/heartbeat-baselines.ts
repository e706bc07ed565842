import { PrismaPg } from '@prisma/adapter-pg';
import { type BotStatus } from '@trawling/contracts';
import { leaseSeconds } from '@trawling/domain';
import { Pool } from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';

/** Stores one heartbeat; resolves once it is durable. */
export type SaveHeartbeat = (botId: string, status: BotStatus) => Promise<unknown>;

/** As many connections as the sync-adapter's own pool. */
export const POOL_SIZE = 10;
export const HEARTBEAT_SECONDS = 30;

const versionOf = (version: string | null | undefined): number | null => (version ? Number(version) : null);

/** How one writes it who has Prisma and does not think about it. */
export function saveWithPrisma(databaseUrl: string): SaveHeartbeat {
  const prisma = new PrismaClient({ adapter: new PrismaPg(new Pool({ connectionString: databaseUrl, max: POOL_SIZE })) });
  return (botId, status) => {
    const now = Date.now();
    return prisma.botReported.update({
      where: { botId },
      data: {
        generation: 1,
        bootId: status.boot_id,
        sequence: status.sequence,
        status,
        appliedVersion: versionOf(status.applied_version),
        appliedHash: status.applied_hash,
        lastSeenVersion: versionOf(status.last_seen_version),
        lastHeartbeatAt: new Date(now),
        leaseExpiresAt: new Date(now + leaseSeconds(HEARTBEAT_SECONDS) * 1000),
      },
    });
  };
}

/** How one writes it who wants it fast without changing the shape: one prepared statement per request. */
export function saveWithPreparedUpdate(databaseUrl: string): SaveHeartbeat {
  const pool = new Pool({ connectionString: databaseUrl, max: POOL_SIZE });
  return (botId, status) =>
    pool.query({
      name: 'update',
      text: `UPDATE bot_reported SET generation = 1, boot_id = $2, sequence = $3, status = $4, applied_version = $5, applied_hash = $6,
               last_seen_version = $7, last_heartbeat_at = now(), lease_expires_at = now() + make_interval(secs => $8)
             WHERE bot_id = $1`,
      values: [
        botId, status.boot_id, status.sequence, JSON.stringify(status), versionOf(status.applied_version), status.applied_hash,
        versionOf(status.last_seen_version), leaseSeconds(HEARTBEAT_SECONDS),
      ],
    });
}
