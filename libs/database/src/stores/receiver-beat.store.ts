import type { Queryable } from '../queryable.js';
import { RECEIVERS_AWAY_SECONDS, RECEIVERS_BACK_SECONDS } from './online.js';

/** When any sync-adapter last lived, by the database's clock, and the last time all of them were away. */
export const receiverBeatStore = (db: Queryable) => ({
  /** Says that bots can be heard now. After a silence it records the gap, for those who judge whether a bot is offline; silences close together are one. */
  async beatReceiverClock(): Promise<void> {
    await db.query({
      name: 'beat-receiver-clock',
      text: `
        INSERT INTO receiver_clock AS c (last_alive_at) VALUES (clock_timestamp())
        ON CONFLICT (singleton) DO UPDATE SET
          gap_started_at = CASE
            WHEN EXCLUDED.last_alive_at - c.last_alive_at <= make_interval(secs => $1) THEN c.gap_started_at
            WHEN c.gap_ended_at > c.last_alive_at - make_interval(secs => $2) THEN c.gap_started_at
            ELSE c.last_alive_at END,
          gap_ended_at = CASE WHEN EXCLUDED.last_alive_at - c.last_alive_at > make_interval(secs => $1) THEN EXCLUDED.last_alive_at ELSE c.gap_ended_at END,
          last_alive_at = GREATEST(c.last_alive_at, EXCLUDED.last_alive_at)`,
      values: [RECEIVERS_AWAY_SECONDS, RECEIVERS_BACK_SECONDS],
    });
  },
});
