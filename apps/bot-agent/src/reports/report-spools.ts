import { type BotEvent, type BotStatus, type ConfigAck, type CronRunResult, type MetricPoint } from '@trawling/contracts';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { openJsonFile } from '../state/json-file.js';
import { KINDS, REPORT_KINDS, type ReportKind, type Spooled } from './report-kinds.js';
import { openSpool, type Spool } from './spool.js';

export interface Spools {
  metrics: Spool<Spooled<MetricPoint>>;
  cronResults: Spool<Spooled<CronRunResult>>;
  events: Spool<Spooled<BotEvent>>;
  acks: Spool<Spooled<ConfigAck>>;
}

/** How many reports were given up since the machine was made. */
const Dropped = z.object({
  metrics: z.int(),
  events: z.int(),
  /** Of these, how many the sync-adapter was told of. */
  told: z.object({ metrics: z.int(), events: z.int() }),
});

/** What waits on the disk for the sync-adapter, within one bound. */
export interface ReportSpools {
  spools: Spools;
  /** After adding: gives up the oldest of the least precious kind until everything is within the bound again. */
  keepWithin(): Promise<void>;
  /** For the heartbeat. */
  status(): NonNullable<BotStatus['spool']>;
  /** The disk takes nothing: some reports are in memory only. */
  diskRefuses(): boolean;
  /** Counts reports that will never arrive. */
  countDropped(kind: ReportKind, count: number, reason: string): void;
  /** How many were given up that nobody was told of, and some of the reasons; `told` says that they are told now. */
  untold(): { metrics: number; events: number; reasons: string[]; told(): Promise<void> };
  /** Resolves when the counts are on the disk, or the disk did not take them. */
  saved(): Promise<void>;
}

const MAX_REASONS = 10;
/** Days of an ordinary bot without a sync-adapter. */
const ROOM = { bytes: 16 * 1024 * 1024, items: 40_000 };

export async function openReportSpools(host: Host, paths: MachinePaths, room = ROOM): Promise<ReportSpools> {
  const file = await openJsonFile(host, paths.dropped, Dropped);
  const dropped = file.current() ?? { metrics: 0, events: 0, told: { metrics: 0, events: 0 } };
  /** Written in its own time: when the disk is full, the count is what there is least room for. */
  let saving: Promise<void> = Promise.resolve();
  const save = () => (saving = saving.then(() => file.write(dropped)).catch(() => undefined));
  const reasons = new Set<string>();
  const countDropped = (kind: ReportKind, count: number, reason: string) => {
    dropped[kind === 'metrics' ? 'metrics' : 'events'] += count;
    if (reasons.size < MAX_REASONS) reasons.add(`${kind}: ${reason.slice(0, 300)}`);
    void save();
  };

  const opened: { kind: ReportKind; spool: Pick<Spool<unknown>, 'size' | 'bytes' | 'unwritten' | 'dropOldest'> }[] = [];
  /** For a kind the disk has no room for, one that is less precious gives way. */
  const makeRoomFor = async (wanting: ReportKind): Promise<boolean> => {
    for (const { kind, spool } of opened) {
      if (kind === wanting) return false;
      if (spool.bytes() > 0 && (await spool.dropOldest()) > 0) return true;
    }
    return false;
  };
  const open = async <T>(kind: ReportKind, how: { schema: z.ZodType<Spooled<T>>; keyOf(report: T): string }): Promise<Spool<Spooled<T>>> => {
    const spool = await openSpool({
      host,
      dir: paths.spool[kind],
      schema: how.schema,
      keyOf: ({ report }) => how.keyOf(report),
      onDropped: (count) => countDropped(kind, count, 'there was no room'),
      makeRoom: () => makeRoomFor(kind),
    });
    opened.push({ kind, spool });
    return spool;
  };
  // In the order of REPORT_KINDS, which is the order in which they give way.
  const metrics = await open(REPORT_KINDS[0], KINDS.metrics);
  const cronResults = await open(REPORT_KINDS[1], KINDS.cronResults);
  const events = await open(REPORT_KINDS[2], KINDS.events);
  const acks = await open(REPORT_KINDS[3], KINDS.acks);
  const sum = (of: (spool: (typeof opened)[number]['spool']) => number) => opened.reduce((total, { spool }) => total + of(spool), 0);

  const trim = async () => {
    while (sum((spool) => spool.bytes()) > room.bytes || sum((spool) => spool.size()) > room.items) {
      const full = opened.find(({ spool }) => spool.size() > 0);
      if (!full || (await full.spool.dropOldest()) === 0) return;
    }
  };
  /** One at a time: two that see the same excess would drop twice as much. */
  let trimming: Promise<void> = Promise.resolve();

  return {
    spools: { metrics, cronResults, events, acks },
    keepWithin: () => (trimming = trimming.then(trim)),
    status: () => ({ pending: sum((spool) => spool.size()), dropped_metrics: dropped.metrics, dropped_events: dropped.events }),
    diskRefuses: () => opened.some(({ spool }) => spool.unwritten() > 0),
    countDropped,
    untold: () => {
      const seen = { metrics: dropped.metrics, events: dropped.events };
      return {
        metrics: seen.metrics - dropped.told.metrics,
        events: seen.events - dropped.told.events,
        reasons: [...reasons],
        told: async () => {
          reasons.clear();
          dropped.told = seen;
          await save();
        },
      };
    },
    saved: () => saving,
  };
}
