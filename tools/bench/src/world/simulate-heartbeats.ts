import { systemClock } from '@trawling/runtime';
import { type Provisioning } from './open-provisioning.js';

const EVERY_MS = 500;
/** Longer than any measurement: what is measured is how bots get there, not how they stay. */
const LEASE_SECONDS = 6 * 3600;

/** Each new droplet's bot reports once, as its sync-adapter would write it down. Ends when the returned function is called. */
export function simulateHeartbeats({ cloud, db }: Pick<Provisioning, 'cloud' | 'db'>): () => Promise<void> {
  const stopping = new AbortController();
  const reported = new Set<string>();
  const running = (async () => {
    for (; !stopping.signal.aborted; await systemClock.sleep(EVERY_MS, stopping.signal)) {
      const booted = cloud.droplets().map(({ name }) => name).filter((name) => !reported.has(name));
      if (booted.length === 0) continue;
      const keys = booted.flatMap((name) => {
        const [, botId, generation] = /^bot-(.+)-g(\d+)$/.exec(name) ?? [];
        return botId !== undefined && generation !== undefined ? [{ botId, generation: Number(generation) }] : [];
      });
      await db.pool.query(
        `INSERT INTO bot_reported (bot_id, generation, lease_expires_at)
           SELECT one.bot_id, one.generation, now() + make_interval(secs => $3)
             FROM unnest($1::uuid[], $2::int[]) AS one (bot_id, generation)
           ON CONFLICT (bot_id) DO UPDATE SET generation = excluded.generation, lease_expires_at = excluded.lease_expires_at`,
        [keys.map(({ botId }) => botId), keys.map(({ generation }) => generation), LEASE_SECONDS],
      );
      for (const name of booted) reported.add(name);
    }
  })();
  return () => {
    stopping.abort();
    return running;
  };
}
