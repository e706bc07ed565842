import type { Queryable } from '../queryable.js';

export interface EventRow {
  id: string;
  type: string;
  severity: string;
  message: string;
  /** As JSON. */
  data: string;
  timestamp: Date;
  /** Who noticed it: the bot, or a server of ours. */
  source: 'bot' | 'server';
}

export interface MetricRow {
  name: string;
  /** RFC 3339. */
  timestamp: string;
  /** sha256 over the canonical labels: part of the key. */
  labelsHash: string;
  /** As JSON. */
  labels: string;
  value: number;
}

/** What one bot reports at a time. */
export interface ReportBatch<Row> {
  botId: string;
  rows: readonly Row[];
}

const addedPerBot = 'SELECT bot_id AS "botId", count(*)::int AS added FROM added GROUP BY bot_id';

/**
 * Appends what bots report; keys make sending again harmless, and of two with one key the first stays. No conflict
 * target and nothing but bot_id in RETURNING: the sync-adapter's role may read no more of these tables.
 */
export const botReportStore = (db: Queryable) => ({
  /** At most one batch of a bot; answers how many rows of each were new, in their order. */
  async saveEvents(batches: readonly ReportBatch<EventRow>[]): Promise<number[]> {
    const { bots, rows } = flatten(batches);
    if (rows.length === 0) return batches.map(() => 0);
    const result = await db.query<AddedRow>({
      name: 'save-events',
      text: `
        WITH added AS (
          INSERT INTO bot_event (bot_id, id, type, severity, message, data, timestamp, source)
          SELECT e.bot_id, e.id, e.type, e.severity, e.message, e.data::jsonb, e.timestamp, e.source
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[])
            WITH ORDINALITY AS e(bot_id, id, type, severity, message, data, timestamp, source, place)
          ORDER BY e.bot_id, e.id, e.place
          ON CONFLICT DO NOTHING RETURNING bot_id
        ) ${addedPerBot}`,
      values: [
        bots, pick(rows, 'id'), pick(rows, 'type'), pick(rows, 'severity'), pick(rows, 'message'),
        pick(rows, 'data'), pick(rows, 'timestamp'), pick(rows, 'source'),
      ],
    });
    return inOrder(batches, result.rows);
  },

  /** As saveEvents. */
  async saveMetrics(batches: readonly ReportBatch<MetricRow>[]): Promise<number[]> {
    const { bots, rows } = flatten(batches);
    if (rows.length === 0) return batches.map(() => 0);
    const result = await db.query<AddedRow>({
      name: 'save-metrics',
      text: `
        WITH added AS (
          INSERT INTO metrics.bot_metric (bot_id, name, timestamp, labels_hash, labels, value)
          SELECT m.bot_id, m.name, m.timestamp, decode(substr(m.labels_hash, 8), 'hex'), m.labels::jsonb, m.value
          FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::float8[])
            WITH ORDINALITY AS m(bot_id, name, timestamp, labels_hash, labels, value, place)
          ORDER BY m.bot_id, m.name, m.timestamp, m.labels_hash, m.place
          ON CONFLICT DO NOTHING RETURNING bot_id
        ) ${addedPerBot}`,
      values: [
        bots, pick(rows, 'name'), pick(rows, 'timestamp'), pick(rows, 'labelsHash'),
        pick(rows, 'labels'), pick(rows, 'value'),
      ],
    });
    return inOrder(batches, result.rows);
  },
});

interface AddedRow {
  botId: string;
  added: number;
}

const pick = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => rows.map((row) => row[key]);

/** All rows of all batches, and for each the bot it is of. */
const flatten = <Row>(batches: readonly ReportBatch<Row>[]): { bots: string[]; rows: Row[] } => ({
  bots: batches.flatMap(({ botId, rows }) => rows.map(() => botId)),
  rows: batches.flatMap(({ rows }) => rows),
});

function inOrder(batches: readonly ReportBatch<unknown>[], rows: readonly AddedRow[]): number[] {
  const added = new Map(rows.map((row) => [row.botId, row.added]));
  return batches.map(({ botId }) => added.get(botId) ?? 0);
}
