import { below, compared, reduced } from '../report/result.js';
import { interleave, measure, medianOf, type Run } from './interleave.js';
import { type Item } from './item.js';

const perSecond = (runs: readonly Run[]): number => medianOf(runs, (run) => run.requestsPerSecond);
const commits = (runs: readonly Run[]): number => medianOf(runs, (run) => run.commitsPerRequest);

/** Issue: three times Express + prisma.update, 1.2 times Express + a prepared UPDATE, a tenth of the commits, p99 at half of the peak. */
export const heartbeat: Item = {
  name: 'heartbeat',
  title: 'Durable heartbeat against Express with Prisma and with pg',
  async run(deps) {
    const { world, pace } = deps;
    const servers = [await world.startSyncAdapter(), await world.startBaseline('heartbeat-prisma'), await world.startBaseline('heartbeat-prepared')];
    const contenders = servers.map((server) => ({ server, kind: 'heartbeat' as const }));
    const [our = [], prisma = [], prepared = []] = await interleave(deps, contenders, () => world.db.pool.query('CHECKPOINT'));

    const [ours] = contenders;
    const atHalf: Run[] = [];
    for (let round = 1; ours && round <= pace.runs; round++) {
      const run = await measure(deps, ours, perSecond(our) / 2);
      world.say(`  ${round}/${pace.runs} at half of the peak: ${run.requestsPerSecond.toFixed(0)} requests/s, p50 ${run.p50.toFixed(1)} ms, p99 ${run.p99.toFixed(1)} ms`);
      atHalf.push(run);
    }
    await Promise.all(servers.map((server) => server.stop()));
    return {
      heartbeat_vs_prisma: compared({ value: perSecond(our), baseline: perSecond(prisma), unit: 'requests/s', atLeast: 3 }),
      heartbeat_vs_prepared_update: compared({ value: perSecond(our), baseline: perSecond(prepared), unit: 'requests/s', atLeast: 1.2 }),
      heartbeat_commits: reduced({ value: commits(our), baseline: commits(prepared), unit: 'commits/request', atLeast: 10 }),
      heartbeat_p99_at_half_peak: below(medianOf(atHalf, (run) => run.p99), 'ms', 50),
    };
  },
};
