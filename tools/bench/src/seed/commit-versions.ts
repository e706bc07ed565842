import { notify } from '@trawling/database';
import { type World } from '../world/open-world.js';
import { type Snapshot } from './make-fleet.js';

const ROWS_AT_ONCE = 1_000;

export type NextVersion = { botId: string; version: number; snapshot: Snapshot };

/**
 * What the control plane does with a change, of one bot or of all in one transaction: snapshots, signatures, desired
 * versions, one notification. Answers when the commit was asked for, as milliseconds since the epoch.
 */
export async function commitVersions({ db, keys }: Pick<World, 'db' | 'keys'>, versions: readonly NextVersion[]): Promise<number> {
  const client = await db.pool.connect();
  try {
    await client.query('BEGIN');
    for (let start = 0; start < versions.length; start += ROWS_AT_ONCE) {
      const some = versions.slice(start, start + ROWS_AT_ONCE);
      const column = <T>(pick: (next: NextVersion) => T): T[] => some.map(pick);
      await client.query({
        text: `
          WITH given AS (
            SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
              AS g(bot_id, version, hash, payload, issued_at, jws)),
          stored AS (
            INSERT INTO config_version (bot_id, version, hash, payload, settings, paused, reason, created_by, issued_at)
            SELECT g.bot_id, g.version, g.hash, g.payload, b.settings, false, 'updated', 'bench', g.issued_at
            FROM given g JOIN bot b ON b.id = g.bot_id RETURNING bot_id, version),
          signed AS (INSERT INTO config_signature (bot_id, version, kid, jws) SELECT bot_id, version, $7, jws FROM given)
          UPDATE bot SET desired_version = s.version, updated_at = now() FROM stored s WHERE bot.id = s.bot_id`,
        values: [
          column(({ botId }) => botId), column(({ version }) => version), column(({ snapshot }) => snapshot.payload.hash),
          column(({ snapshot }) => snapshot.text), column(({ snapshot }) => snapshot.payload.issued_at), column(({ snapshot }) => snapshot.jws), keys.kid,
        ],
      });
    }
    await notify(client, { topic: 'config', ids: versions.map(({ botId }) => botId) });
    const askedAt = performance.timeOrigin + performance.now();
    await client.query('COMMIT');
    return askedAt;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
