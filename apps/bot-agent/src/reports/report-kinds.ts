import { BotEvent, ConfigAck, CronRunResult, MetricPoint } from '@trawling/contracts';
import { z } from 'zod';
import { Made, type Stamp } from './server-clock.js';

/** A report as it waits: its own time may have to be settled before it is sent. */
const spooled = <T>(report: z.ZodType<T>) => z.object({ report, made: Made.optional() });
export interface Spooled<T> {
  report: T;
  made?: Made | undefined;
}

interface Kind<T> {
  schema: z.ZodType<Spooled<T>>;
  /** Two reports with one key are the same. */
  keyOf(report: T): string;
  stampOf(report: T): string;
  stamped(report: T, timestamp: string): T;
}
const kind = <T>(report: z.ZodType<T>, how: Omit<Kind<T>, 'schema'>): Kind<T> => ({ schema: spooled(report), ...how });

/** What bots report, least precious first: what a full spool gives up first. */
export const KINDS = {
  metrics: kind(MetricPoint, {
    keyOf: ({ name, timestamp, labels }) => JSON.stringify([name, timestamp, labels]),
    stampOf: ({ timestamp }) => timestamp,
    stamped: (point, timestamp) => ({ ...point, timestamp }),
  }),
  cronResults: kind(CronRunResult, {
    keyOf: ({ id }) => id,
    stampOf: ({ run_at }) => run_at,
    stamped: (result, run_at) => ({ ...result, run_at }),
  }),
  events: kind(BotEvent, {
    keyOf: ({ id }) => id,
    stampOf: ({ timestamp }) => timestamp,
    stamped: (event, timestamp) => ({ ...event, timestamp }),
  }),
  acks: kind(ConfigAck, {
    keyOf: ({ version, outcome, error }) => JSON.stringify([version, outcome, error?.code]),
    stampOf: ({ applied_at }) => applied_at,
    stamped: (ack, applied_at) => ({ ...ack, applied_at }),
  }),
};
export type ReportKind = keyof typeof KINDS;
export const REPORT_KINDS = ['metrics', 'cronResults', 'events', 'acks'] as const satisfies readonly ReportKind[];

/** The report with the time it is sent with. */
export const settled = <T>(how: Pick<Kind<T>, 'stampOf' | 'stamped'>, { report, made }: Spooled<T>, settle: (stamp: Stamp) => string): T =>
  made ? how.stamped(report, settle({ timestamp: how.stampOf(report), made })) : report;
