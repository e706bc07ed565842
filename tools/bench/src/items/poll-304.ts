import { get } from 'node:http';
import { compared } from '../report/result.js';
import { interleave, medianOf } from './interleave.js';
import { type Item } from './item.js';
import { type World } from '../world/open-world.js';

/** Issue: at least 70 % of the requests per second of a bare node:http server that answers the same 304. */
export const poll304: Item = {
  name: 'poll304',
  title: 'Warm 304 poll against bare node:http',
  async run(deps) {
    const { world } = deps;
    const ours = await world.startSyncAdapter();
    const headers = await headersOf304(ours.url, world);
    const bare = await world.startBaseline('bare-304', { ANSWER_HEADERS: JSON.stringify(headers) });
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

/** What the first bot of the fleet is answered when nothing is new. */
function headersOf304(url: string, { bots }: World): Promise<string[]> {
  const [bot] = bots;
  const headers = { 'Authorization': `Bearer ${bot?.credential}`, 'If-None-Match': `"${bot?.first.payload.hash}"` };
  return new Promise((resolve, reject) => {
    const req = get(new URL(`/bots/${bot?.id}/config`, url), { headers }, (res) => {
      res.resume();
      if (res.statusCode === 304) resolve(res.rawHeaders);
      else reject(new Error(`a poll was answered with ${res.statusCode}`));
    });
    req.once('error', reject);
  });
}
