import type { TestControlPlane } from './open-test-control-plane.js';

/** What of a heartbeat the directory shows. */
export type HeartbeatSays = {
  capabilities?: string[];
  capacity?: { concurrent_tasks: number; queue_length: number };
  health?: 'healthy' | 'degraded' | 'unhealthy';
  details?: Record<string, unknown>;
  agent_version?: string;
};

/** A bot's heartbeat as the sync-adapter stores it; seconds ago, with a lease of 100 s. */
export async function heartbeat({ owner }: TestControlPlane, botId: string, says: HeartbeatSays = {}, secondsAgo = 0): Promise<void> {
  const { health = 'healthy', details = { gateway: 'ready' }, agent_version = '1.0.0', ...rest } = says;
  const status = { agent_version, uptime_seconds: 60, health: { status: health, details }, ...rest };
  await owner.pool.query(
    `INSERT INTO bot_reported (bot_id, status, last_heartbeat_at, lease_expires_at)
     VALUES ($1, $2, now() - make_interval(secs => $3), now() - make_interval(secs => $3) + interval '100 seconds')
     ON CONFLICT (bot_id) DO UPDATE SET status = excluded.status, last_heartbeat_at = excluded.last_heartbeat_at, lease_expires_at = excluded.lease_expires_at`,
    [botId, JSON.stringify(status), secondsAgo],
  );
}
