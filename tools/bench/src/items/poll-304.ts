import { compared } from '../report/result.js';
import { interleave, medianOf } from './interleave.js';
import { type Item } from './item.js';

/** Issue: at least 70 % of the requests per second of a bare node:http server that answers the same 304. */
export const poll304: Item = {
  name: 'poll304',
  title: 'Warm 304 poll against bare node:http',
  async run(deps) {
    const { world } = deps;
    const [ours, bare] = [await world.startSyncAdapter(), await world.startBaseline('bare-304')];
    const [our = [], theirs = []] = await interleave(deps, [{ server: ours, kind: 'poll' }, { server: bare, kind: 'poll' }], async () => undefined);
    await Promise.all([ours.stop(), bare.stop()]);
    return {
      poll_304: compared({
        value: medianOf(our, (run) => run.requestsPerSecond),
        baseline: medianOf(theirs, (run) => run.requestsPerSecond),
        unit: 'requests/s',
        atLeast: 0.7,
      }),
    };
  },
};
