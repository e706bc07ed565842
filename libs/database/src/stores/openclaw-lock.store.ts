import type { Prisma } from '../generated/prisma/client.js';
import type { Queryable } from '../queryable.js';

/** Publishing a lock that is already there makes it the newest of its version again. False: it was that before. */
export async function publishOpenclawLock(
  tx: Prisma.TransactionClient,
  lock: { sha256: string; openclawVersion: string; packages: object; content: Uint8Array<ArrayBuffer>; at: Date },
): Promise<boolean> {
  const { sha256, openclawVersion, packages, content, at } = lock;
  const changed = await tx.$executeRaw`
    INSERT INTO openclaw_lock (sha256, openclaw_version, packages, content, created_at)
    VALUES (${sha256}, ${openclawVersion}, ${JSON.stringify(packages)}::jsonb, ${content}, ${at})
    ON CONFLICT (sha256) DO UPDATE SET packages = EXCLUDED.packages, created_at = EXCLUDED.created_at
    WHERE openclaw_lock.packages <> EXCLUDED.packages OR EXISTS (
      SELECT 1 FROM openclaw_lock other
      WHERE other.openclaw_version = openclaw_lock.openclaw_version AND other.created_at > openclaw_lock.created_at)`;
  return changed > 0;
}

/** Locks under their digest. */
export const openclawLockStore = (db: Queryable) => ({
  /** The file, or null when there is none. `sha256` is `sha256:<hex>`. */
  async findOpenclawLock(sha256: string): Promise<Buffer | null> {
    const { rows } = await db.query<{ content: Buffer }>({
      name: 'find-openclaw-lock',
      text: 'SELECT content FROM openclaw_lock WHERE sha256 = $1',
      values: [sha256],
    });
    return rows[0]?.content ?? null;
  },

  /** Whether there is anything that a machine could be made of. */
  async whatIsPublished(): Promise<{ agent: boolean; openclaw: boolean }> {
    const { rows } = await db.query<{ agent: boolean; openclaw: boolean }>({
      name: 'what-is-published',
      text: 'SELECT EXISTS (SELECT sha256 FROM agent_build) AS agent, EXISTS (SELECT sha256 FROM openclaw_lock) AS openclaw',
      values: [],
    });
    return rows[0] ?? { agent: false, openclaw: false };
  },
});
