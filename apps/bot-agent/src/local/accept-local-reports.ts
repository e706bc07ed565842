import { type LocalReport } from '@trawling/contracts';
import { v5 } from 'uuid';
import { type LocalBatch, type Reporter } from '../reports/reporter.js';
import { type ServerClock } from '../reports/server-clock.js';
import { timeOf } from './local-time.js';

export interface AcceptLocalReportsDeps {
  reporter: Pick<Reporter, 'local'>;
  serverClock: ServerClock;
  /** What the bot runs right now. */
  configVersion(): string | null;
  newId(): string;
}

/** Namespace of the ids made from a caller's own: the same report said twice is one. */
const NAMESPACE = '0b6f5f0e-54b7-5d3c-9d8e-2f7a9c1e4b60';

/** The event's id; a caller's own id counts per kind of report. */
export const localEventId = (kind: 'trade' | 'note', clientId: string): string => v5(`${kind}:${clientId}`, NAMESPACE);

/**
 * Turns what skills and command jobs say into events and metrics with id, time and config version, and resolves with
 * the events' ids once everything is on the disk. Throws what the disk says, or DomainError for an impossible time.
 */
export async function acceptLocalReports(deps: AcceptLocalReportsDeps, reports: readonly LocalReport[]): Promise<string[]> {
  const batch: LocalBatch = { events: [], metrics: [] };
  for (const report of reports) {
    const at = report.at === undefined ? deps.serverClock.stamp() : timeOf(report.at, deps.serverClock);
    switch (report.kind) {
      case 'trade':
      case 'note':
        batch.events.push({ report: toEvent(deps, report), at });
        break;
      case 'equity':
        for (const { name, value } of equityMetrics(report)) batch.metrics.push({ report: { name, value, labels: {} }, at });
        break;
      case 'metric':
        batch.metrics.push({ report: { name: report.name, value: report.value, labels: report.labels }, at });
        break;
    }
  }
  await deps.reporter.local(batch);
  return batch.events.map(({ report }) => report.id);
}

type Told = Extract<LocalReport, { kind: 'trade' | 'note' }>;

function toEvent(deps: AcceptLocalReportsDeps, report: Told): LocalBatch['events'][number]['report'] {
  const { client_id, data } = report;
  const id = client_id === undefined ? deps.newId() : localEventId(report.kind, client_id);
  const common = { ...(client_id === undefined ? {} : { client_id }), config_version: deps.configVersion(), ...(Object.keys(data).length > 0 ? { data } : {}) };
  if (report.kind === 'note') return { id, type: 'note', severity: report.severity, message: report.message, data: common };
  const { symbol, side, quantity, price, fee, mode } = report;
  return {
    id,
    type: 'trade',
    severity: 'info',
    message: `${side} ${quantity} ${symbol} at ${price} (${mode})`,
    data: { symbol, side, quantity, price, fee, mode, ...common },
  };
}

const equityMetrics = (report: Extract<LocalReport, { kind: 'equity' }>): { name: string; value: number }[] => [
  { name: 'equity', value: report.equity_usd },
  ...(report.cash_usd === undefined ? [] : [{ name: 'cash', value: report.cash_usd }]),
  ...(report.exposure_usd === undefined ? [] : [{ name: 'exposure', value: report.exposure_usd }]),
];
