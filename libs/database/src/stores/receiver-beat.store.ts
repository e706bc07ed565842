import type { Queryable } from '../queryable.js';
import { type ReceiverKind, RECEIVERS_AWAY_SECONDS, RECEIVERS_BACK_SECONDS } from './online.js';

/** When any process of a kind last lived, by the database's clock, and the last time all of them were away. */
export const receiverBeatStore = (db: Queryable) => ({
  /**
   * Says that a process of this kind hears now. After a silence it records the gap, for those who judge whether somebody
   * is offline; silences close together are one. What lies ahead was written before the database's clock was set back: it
   * counts no more, or no silence would be noticed until then.
   */
  async beatAsReceiver(kind: ReceiverKind): Promise<void> {
    await db.query({
      name: 'beat-as-receiver',
      text: `
        INSERT INTO receiver_beat AS c (kind, last_alive_at) VALUES ($3, clock_timestamp())
        ON CONFLICT (kind) DO UPDATE SET
          gap_started_at = CASE
            WHEN c.last_alive_at - EXCLUDED.last_alive_at > make_interval(secs => $1) THEN NULL
            WHEN EXCLUDED.last_alive_at - c.last_alive_at <= make_interval(secs => $1) THEN c.gap_started_at
            WHEN c.gap_ended_at > c.last_alive_at - make_interval(secs => $2) THEN c.gap_started_at
            ELSE c.last_alive_at END,
          gap_ended_at = CASE
            WHEN c.last_alive_at - EXCLUDED.last_alive_at > make_interval(secs => $1) THEN NULL
            WHEN EXCLUDED.last_alive_at - c.last_alive_at > make_interval(secs => $1) THEN EXCLUDED.last_alive_at
            ELSE c.gap_ended_at END,
          last_alive_at = CASE
            WHEN c.last_alive_at - EXCLUDED.last_alive_at > make_interval(secs => $1) THEN EXCLUDED.last_alive_at
            ELSE GREATEST(c.last_alive_at, EXCLUDED.last_alive_at) END`,
      values: [RECEIVERS_AWAY_SECONDS, RECEIVERS_BACK_SECONDS, kind],
    });
    if (kind === 'sync-adapter') await tellReleaseBefore(db);
  },
});

/**
 * Control planes of the release before read receiver_clock. Were it to stand still, they would call a silent bot online and
 * new ones offline, in turn, for as long as both run. Goes with that table.
 */
const tellReleaseBefore = (db: Queryable): Promise<unknown> =>
  db.query({
    name: 'tell-release-before',
    text: `
      INSERT INTO receiver_clock (last_alive_at, gap_started_at, gap_ended_at)
      SELECT last_alive_at, gap_started_at, gap_ended_at FROM receiver_beat WHERE kind = 'sync-adapter'
      ON CONFLICT (singleton) DO UPDATE SET
        last_alive_at = EXCLUDED.last_alive_at, gap_started_at = EXCLUDED.gap_started_at, gap_ended_at = EXCLUDED.gap_ended_at`,
    values: [],
  });
