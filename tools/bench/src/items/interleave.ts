import { type LoadResult } from '../load/generate-load.js';
import { type LoadKind } from '../load/requests.js';
import { median } from '../report/result.js';
import { type RunningServer } from '../world/start-server.js';
import { type ItemDeps } from './item.js';

export type Contender = { server: RunningServer; kind: LoadKind };
export type Run = LoadResult & { commitsPerRequest: number; cpuMicrosPerRequest: number | null };

/**
 * Every contender in turn, then all again: whatever else the machine does meets all of them alike. Before the first round
 * each is asked once without counting: a server that has just started compiles its code while it answers, for longer than
 * the warm-up of a run. Answers the runs of each, in the order of the contenders.
 */
export async function interleave(deps: ItemDeps, contenders: readonly Contender[], prepare: () => Promise<unknown>): Promise<Run[][]> {
  const runs: Run[][] = contenders.map(() => []);
  for (const contender of contenders) await measure(deps, contender, null);
  for (let round = 1; round <= deps.pace.runs; round++) {
    for (const [index, contender] of contenders.entries()) {
      await prepare();
      const run = await measure(deps, contender, null);
      deps.world.say(`  ${round}/${deps.pace.runs} ${describe(contender, run)}`);
      runs[index]?.push(run);
    }
  }
  return runs;
}

/** One run of one contender: as fast as it answers, or at a rate. */
export async function measure({ world, generate, pace }: ItemDeps, { server, kind }: Contender, rate: number | null): Promise<Run> {
  const [transactions, usage] = [await writeTransactions(world), server.usage()];
  const { fleetFile } = world;
  const { connections, warmUpMs, measureMs } = pace;
  const result = await generate({ url: server.url, kind, fleetFile, connections, warmUpMs, measureMs, rate });
  const errors = Object.entries(result.errors);
  if (errors.length > 0) throw new Error(`${server.name} did not answer as it should: ${errors.map(([what, count]) => `${count} × ${what}`).join(', ')}`);
  const now = server.usage();
  const micros = usage && now ? ((now.cpuSeconds - usage.cpuSeconds) * 1e6) / result.answered : null;
  return { ...result, commitsPerRequest: ((await writeTransactions(world)) - transactions - 1) / result.answered, cpuMicrosPerRequest: micros };
}

/** Every transaction that wrote took one id, at once and exactly; the statistics of commits lag. Asking takes one as well. */
async function writeTransactions(world: ItemDeps['world']): Promise<number> {
  const { rows } = await world.db.pool.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id');
  return Number(rows[0]?.id);
}

export const medianOf = (runs: readonly Run[], pick: (run: Run) => number): number => median(runs.map(pick));

const describe = ({ server }: Contender, run: Run): string =>
  [
    server.name.padEnd(20),
    `${run.requestsPerSecond.toFixed(0).padStart(7)} requests/s`,
    `p50 ${run.p50.toFixed(1)} ms, p99 ${run.p99.toFixed(1)} ms`,
    `${run.cpuMicrosPerRequest?.toFixed(0) ?? '?'} µs of processor time each`,
    `${run.commitsPerRequest.toFixed(3)} commits each`,
    `generator ${(run.cpuShare * 100).toFixed(0)} % busy`,
  ].join('  ');
