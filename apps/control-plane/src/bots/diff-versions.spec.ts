import { VersionDiff } from '@trawling/contracts';
import { applyPatch } from 'fast-json-patch';
import { makeBot } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api);
  await api.patch(`/bots/${botId}`).send({ strictness: 'high', risk_caps: { max_trades_per_day: 3 } });
});

const diff = (from: number, to: number) => api.get(`/bots/${botId}/versions/${from}/diff/${to}`);
const version = async (number: number) => (await api.get(`/bots/${botId}/versions/${number}`)).body;

describe('what changed from one version to another', () => {
  it('is shown as patches of the settings and of the payload', async () => {
    const { settings, payload } = VersionDiff.parse((await diff(1, 2)).body);

    expect(settings).toEqual(expect.arrayContaining([
      { op: 'replace', path: '/strictness', value: 'high' },
      { op: 'replace', path: '/risk_caps/max_trades_per_day', value: 3 },
    ]));
    expect(settings).toHaveLength(2);
    expect(payload.map(({ path }) => path)).toEqual(expect.arrayContaining(['/trading_params/strictness', '/cron_jobs/0/schedule']));
    expect(payload.map(({ path }) => path).filter((path) => /^\/(version|hash|issued_at)$/.test(path))).toEqual([]);
  });

  it.each([[1, 2], [2, 1]])('leads from %i to %i', async (from, to) => {
    const patch = VersionDiff.parse((await diff(from, to)).body);

    const [before, after] = [await version(from), await version(to)];
    expect(applyPatch(before.settings, patch.settings).newDocument).toEqual(after.settings);
    const { version: number, hash, issued_at } = after.payload;
    expect({ ...applyPatch(before.payload, patch.payload).newDocument, version: number, hash, issued_at }).toEqual(after.payload);
  });

  it('is nothing between a version and itself', async () => {
    expect((await diff(2, 2)).body).toEqual({ from: 2, to: 2, settings: [], payload: [] });
  });

  it('says which version is not there', async () => {
    const missing = await diff(1, 9);

    expect(missing.body).toMatchObject({ status: 404, code: 'version-not-found', detail: expect.stringContaining('9') });
  });

  it('is not another owner’s to know', async () => {
    const bob = await controlPlane().as('owner', 'bob');

    expect((await bob.get(`/bots/${botId}/versions/1/diff/2`)).body).toMatchObject({ status: 404, code: 'bot-not-found' });
  });
});
