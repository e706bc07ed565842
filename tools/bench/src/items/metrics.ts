import { compared } from '../report/result.js';
import { interleave, medianOf } from './interleave.js';
import { type Item } from './item.js';

/** Issue: batches of ten points, at least five times Prisma's createMany per request. */
export const metrics: Item = {
  name: 'metrics',
  title: 'Metrics in batches of ten against Express with Prisma createMany',
  async run(deps) {
    const { world } = deps;
    const [ours, prisma] = [await world.startSyncAdapter(), await world.startBaseline('metrics-prisma')];
    // Both write to an empty table, and pay for the pages they change after the checkpoint.
    const prepare = async () => {
      await world.db.pool.query('TRUNCATE metrics.bot_metric');
      await world.db.pool.query('CHECKPOINT');
    };
    const [our = [], theirs = []] = await interleave(deps, [{ server: ours, kind: 'metrics' }, { server: prisma, kind: 'metrics' }], prepare);
    await Promise.all([ours.stop(), prisma.stop()]);
    await prepare();
    return {
      metrics_batch_of_10: compared({
        value: medianOf(our, (run) => run.requestsPerSecond),
        baseline: medianOf(theirs, (run) => run.requestsPerSecond),
        unit: 'batches/s',
        atLeast: 5,
      }),
    };
  },
};
