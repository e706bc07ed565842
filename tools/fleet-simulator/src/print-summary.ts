import { type FleetSummary } from './run-fleet.js';

const ms = (value: number): string => value.toFixed(1).padStart(9);

/** For a person: one line per call, then what went wrong. */
export function printSummary(summary: FleetSummary): string {
  const calls = Object.entries(summary.calls).map(([name, call]) =>
    [name.padEnd(12), String(call.count).padStart(9), (call.count / summary.seconds).toFixed(1).padStart(9), ms(call.p50), ms(call.p95), ms(call.p99), ms(call.max)].join(' '),
  );
  const list = (title: string, entries: Record<string, number>): string[] =>
    Object.entries(entries).length === 0 ? [] : [`${title}:`, ...Object.entries(entries).map(([what, count]) => `  ${String(count).padStart(9)}  ${what}`)];
  return [
    `${summary.bots} bots, ${summary.synced} synced, ${summary.streams} streams, ${summary.seconds.toFixed(1)} s, own event loop late by ${summary.event_loop_p99_ms.toFixed(1)} ms (p99)`,
    ['call'.padEnd(12), ...['count', 'per s', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'].map((title) => title.padStart(9))].join(' '),
    ...calls,
    ...list('seen', summary.counts),
    ...list('errors', summary.errors),
    '',
  ].join('\n');
}
