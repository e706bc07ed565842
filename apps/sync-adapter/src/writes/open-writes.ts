import {
  botHeartbeatStore, botReportStore, configAckStore, createGroupCommit, type AckRow, type AckVerdict, type EventRow,
  type GroupCommit, type GroupCommitOptions, type HeartbeatRow, type HeartbeatVerdict, type MetricRow, type Queryable, type ReportBatch,
} from '@trawling/database';
import { type Logger } from '@trawling/runtime';
import { mergeHeartbeats } from './merge-heartbeats.js';
import { saveRows, type SavedRows } from './save-rows.js';

/** Everything bots report, each call answered after its own data is durable. Throws `unavailable` when that is not known. */
export interface Writes {
  saveHeartbeat: (beat: HeartbeatRow) => Promise<HeartbeatVerdict>;
  saveAck: (ack: AckRow) => Promise<AckVerdict>;
  saveEvents: (botId: string, events: readonly EventRow[]) => Promise<SavedRows>;
  saveMetrics: (botId: string, metrics: readonly MetricRow[]) => Promise<SavedRows>;
  /** Weight of what is not durable yet: heartbeats and acks count 1, reports 1 a row and 1 a kilobyte. */
  pending: () => number;
  /** Takes nothing more, writes what waits. */
  close: () => Promise<void>;
}

/** Milliseconds a report waits for others to share its commit. */
const MAX_WAIT_MS = 5;
/** Heartbeats and acks that may wait; at most 300 KB each, mostly 1 KB. */
const MAX_PENDING_CALLS = 20_000;
/** Weight of rows that may wait: some 100 MB. */
const MAX_PENDING_ROWS = 100_000;
const BYTES_PER_WEIGHT = 1_024;

/**
 * One group commit for each kind of report; together they use at most six connections, the rest is for reading.
 * `db` must pass on what goes wrong as it is.
 */
export function openWrites(db: Queryable, logger: Logger): Writes {
  const reports = botReportStore(db);
  const open = <Item, Result>(
    name: string,
    options: Pick<GroupCommitOptions<Item, Result>, 'write' | 'keyOf' | 'merge' | 'weightOf' | 'maxWeight' | 'maxPending' | 'maxWriters'>,
  ): GroupCommit<Item, Result> =>
    createGroupCommit({
      ...options,
      name,
      maxWaitMs: MAX_WAIT_MS,
      onWrite({ items, failure, error }) {
        if (failure !== null) logger.warn({ err: error, failure, items, kind: name }, 'a batch was not stored');
      },
    });

  const heartbeats = open('heartbeats', {
    write: botHeartbeatStore(db).saveHeartbeats,
    keyOf: (beat) => beat.botId,
    merge: mergeHeartbeats,
    maxWeight: 500,
    maxPending: MAX_PENDING_CALLS,
  });
  const acks = open('acks', {
    write: configAckStore(db).saveAcks,
    keyOf: (ack) => ack.botId,
    maxWeight: 500,
    maxPending: MAX_PENDING_CALLS,
    maxWriters: 1,
  });
  const rows = { keyOf: ({ botId }: { botId: string }) => botId, maxWeight: 2_000, maxPending: MAX_PENDING_ROWS };
  const events = open<ReportBatch<EventRow>, number>('events', {
    ...rows,
    weightOf: ({ rows: list }) => weigh(list, ({ message, data }) => message.length + data.length),
    write: reports.saveEvents,
    maxWriters: 1,
  });
  const metrics = open<ReportBatch<MetricRow>, number>('metrics', {
    ...rows,
    weightOf: ({ rows: list }) => weigh(list, ({ labels }) => labels.length),
    write: reports.saveMetrics,
  });
  const all = [heartbeats, acks, events, metrics];

  return {
    saveHeartbeat: heartbeats.submit,
    saveAck: acks.submit,
    saveEvents: (botId, list) => saveRows((part) => events.submit({ botId, rows: part }), list),
    saveMetrics: (botId, list) => saveRows((part) => metrics.submit({ botId, rows: part }), list),
    pending: () => all.reduce((sum, group) => sum + group.pending(), 0),
    async close() {
      await Promise.all(all.map((group) => group.close()));
    },
  };
}

const weigh = <Row>(rows: readonly Row[], bytesOf: (row: Row) => number): number =>
  Math.ceil(rows.reduce((sum, row) => sum + 1 + bytesOf(row) / BYTES_PER_WEIGHT, 0));
