import { type FleetSummary } from '@trawling/fleet-simulator';

/** Throws when there was none. The slowest kind of call by its 99th percentile, so that many fast polls cannot hide slow heartbeats. Long polls wait on purpose. */
export function slowestCall(summary: Pick<FleetSummary, 'calls'>): { p99: number; slowest: string } {
  const calls = Object.entries(summary.calls).filter(([name]) => name !== 'config wait' && name !== 'stream');
  const [slowest, call] = calls.reduce<(typeof calls)[number] | [string, null]>(
    (worst, next) => (worst[1] === null || next[1].p99 > worst[1].p99 ? next : worst),
    ['no call', null],
  );
  if (call === null) throw new Error('the fleet made no call while it was watched');
  return { p99: call.p99, slowest };
}
