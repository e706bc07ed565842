import type { Queryable } from '../queryable.js';

export interface EventRow {
  id: string;
  type: string;
  severity: string;
  message: string;
  data: unknown;
  timestamp: Date;
}

export interface MetricRow {
  name: string;
  timestamp: Date;
  /** sha256 over the canonical labels: part of the key. */
  labelsHash: string;
  labels: Record<string, string>;
  value: number;
}

const pick = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => rows.map((row) => row[key]);

/**
 * Appends what bots report; keys make sending again harmless. Answers how many rows were new.
 * No RETURNING and no conflict target: the sync-adapter's role may add rows here but read none.
 */
export const botReportStore = (db: Queryable) => ({
  async saveEvents(botId: string, events: readonly EventRow[]): Promise<number> {
    if (events.length === 0) return 0;
    const { rowCount } = await db.query({
      name: 'save-events',
      text: `
        INSERT INTO bot_event (bot_id, id, type, severity, message, data, timestamp)
        SELECT $1, e.id, e.type, e.severity, e.message, e.data::jsonb, e.timestamp
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
          AS e(id, type, severity, message, data, timestamp)
        ORDER BY e.id
        ON CONFLICT DO NOTHING`,
      values: [
        botId, pick(events, 'id'), pick(events, 'type'), pick(events, 'severity'), pick(events, 'message'),
        events.map((event) => JSON.stringify(event.data)), pick(events, 'timestamp'),
      ],
    });
    return rowCount ?? 0;
  },

  async saveMetrics(botId: string, metrics: readonly MetricRow[]): Promise<number> {
    if (metrics.length === 0) return 0;
    const { rowCount } = await db.query({
      name: 'save-metrics',
      text: `
        INSERT INTO metrics.bot_metric (bot_id, name, timestamp, labels_hash, labels, value)
        SELECT $1, m.name, m.timestamp, decode(substr(m.labels_hash, 8), 'hex'), m.labels::jsonb, m.value
        FROM unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::float8[])
          AS m(name, timestamp, labels_hash, labels, value)
        ORDER BY m.name, m.timestamp, m.labels_hash
        ON CONFLICT DO NOTHING`,
      values: [
        botId, pick(metrics, 'name'), pick(metrics, 'timestamp'), pick(metrics, 'labelsHash'),
        metrics.map((metric) => JSON.stringify(metric.labels)), pick(metrics, 'value'),
      ],
    });
    return rowCount ?? 0;
  },
});
