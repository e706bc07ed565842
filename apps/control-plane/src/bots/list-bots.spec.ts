import { type AckOutcome, BotList, type SyncStatus } from '@trawling/contracts';
import { driftedPaths, syncStatus } from '@trawling/domain';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
beforeAll(async () => {
  api = await controlPlane().as('operator');
});

async function list(query: string): Promise<BotList> {
  const answer = await api.get(`/bots?${query}`);
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return BotList.parse(answer.body);
}

async function everyPage(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: BotList = await list(`${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    ids.push(...page.bots.map((bot) => bot.id));
    cursor = page.next_cursor;
  }
  return ids;
}

type Report = { appliedVersion?: number; appliedHash?: string; highestVersion?: number; status?: object; leaseSeconds?: number };
const report = (botId: string, data: Report) => {
  const { leaseSeconds, ...applied } = data;
  const lease = leaseSeconds === undefined ? {} : { leaseExpiresAt: new Date(Date.now() + leaseSeconds * 1000) };
  return controlPlane().owner.prisma.botReported.create({ data: { botId, ...applied, ...lease } });
};

describe('listing bots', () => {
  it('goes through all of an owner’s bots in the order they were made, page by page', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await makeBot(api, { owner_id: 'pages' }));

    expect(await everyPage('owner_id=pages&limit=2')).toEqual(ids);
    expect((await list('owner_id=pages&limit=5')).next_cursor).toBeNull();
  });

  it('fills its pages also when most bots do not match', async () => {
    const wanted: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const id = await makeBot(api, { owner_id: 'sparse', labels: n % 3 === 0 ? { ring: 'canary', team: 'a' } : { ring: 'main' } });
      if (n % 3 === 0) wanted.push(id);
    }

    expect((await list('owner_id=sparse&label=ring=canary&limit=2')).bots.map((bot) => bot.id)).toEqual(wanted);
    expect(await everyPage('owner_id=sparse&label=team&limit=1')).toEqual(wanted);
    expect(await everyPage('owner_id=sparse&label=ring=none')).toEqual([]);
  });

  it('knows who is online by the database’s clock', async () => {
    const on = await makeBot(api, { owner_id: 'lease' });
    const off = await makeBot(api, { owner_id: 'lease' });
    const never = await makeBot(api, { owner_id: 'lease' });
    await report(on, { leaseSeconds: 60 });
    await report(off, { leaseSeconds: -1 });

    expect(await everyPage('owner_id=lease&online=true')).toEqual([on]);
    expect(await everyPage('owner_id=lease&online=false')).toEqual([off, never]);
    expect((await view(api, on)).online).toBe(true);
  });

  it('leaves out bots that are gone unless they are asked for', async () => {
    const there = await makeBot(api, { owner_id: 'gone' });
    const gone = await makeBot(api, { owner_id: 'gone' });
    await controlPlane().owner.prisma.bot.update({ where: { id: gone }, data: { decommissionRequestedAt: new Date(), decommissionedAt: new Date() } });

    expect(await everyPage('owner_id=gone')).toEqual([there]);
    expect(await everyPage('owner_id=gone&include_decommissioned=true')).toEqual([there, gone]);

    // Its last lease may still have a while to run.
    await report(gone, { leaseSeconds: 60 });
    expect(await everyPage('owner_id=gone&include_decommissioned=true&online=true')).toEqual([]);
    expect((await view(api, gone)).online).toBe(false);
  });

  it('filters by the very sync status it shows, in every combination of report and verdict', async () => {
    const outcomes: (AckOutcome | null)[] = [null, 'applying', 'applied', 'failed'];
    const drift = { paths: ['logging.level'] };
    const reports = [
      null,
      { appliedVersion: 1 },
      { appliedVersion: 2 },
      { appliedVersion: 2, appliedHash: 'desired' },
      { appliedVersion: 3 },
      { appliedVersion: 2, appliedHash: 'desired', highestVersion: 4 },
      { appliedVersion: 2, appliedHash: 'desired', status: { applied_version: '2', drift } },
      { appliedVersion: 2, appliedHash: 'desired', status: { applied_version: '2', drift: null } },
      { appliedVersion: 2, appliedHash: 'desired', status: { applied_version: '1', drift } },
      { appliedVersion: 1, status: { applied_version: '1', drift } },
    ];
    const expected: Record<string, string[]> = {};
    const check = async (outcome: AckOutcome | null, ackVersion: number, reported: (typeof reports)[number]): Promise<void> => {
      const botId = await makeBot(api, { owner_id: 'matrix' });
      const { body } = await api.patch(`/bots/${botId}`).send({ strictness: 'high' });
      const appliedHash = reported?.appliedHash === 'desired' ? String(body.hash) : 'sha256:other';
      if (reported) await report(botId, { ...reported, appliedHash });
      if (outcome) {
        await controlPlane().owner.prisma.configAck.create({ data: { botId, version: ackVersion, outcome, appliedAt: new Date() } });
      }
      const { status } = syncStatus({
        desired: { version: 2, hash: String(body.hash) },
        reported: reported && {
          appliedVersion: reported.appliedVersion,
          appliedHash,
          highestVersion: reported.highestVersion ?? null,
          driftedPaths: driftedPaths(reported.status ?? null, 2),
        },
        ack: outcome && { version: ackVersion, outcome, error: null },
      });
      expect((await view(api, botId)).sync_status).toBe(status);
      (expected[status] ??= []).push(botId);
    };
    for (const outcome of outcomes) {
      for (const ackVersion of outcome ? [1, 2] : [2]) {
        await Promise.all(reports.map((reported) => check(outcome, ackVersion, reported)));
      }
    }

    const statuses: SyncStatus[] = ['pending', 'applying', 'synced', 'failed', 'drifted'];
    for (const status of statuses) {
      expect(expected[status]?.length).toBeGreaterThan(0);
      expect(await everyPage(`owner_id=matrix&limit=200&sync_status=${status}`)).toEqual(expected[status]?.sort());
    }
  }, 60_000);

  it('takes the bot’s word that it runs the desired version, but not as it was issued', async () => {
    const botId = await makeBot(api, { owner_id: 'other-hash' });
    await report(botId, { status: { applied_version: '1', applied_hash: `sha256:${'0'.repeat(64)}` } });

    expect(await view(api, botId)).toMatchObject({ sync_status: 'drifted', applied_version: 1 });
    expect(await everyPage('owner_id=other-hash&sync_status=drifted')).toEqual([botId]);
    const { desired_hash } = await view(api, botId);
    await controlPlane().owner.prisma.botReported.update({ where: { botId }, data: { status: { applied_version: '1', applied_hash: desired_hash } } });
    expect(await view(api, botId)).toMatchObject({ sync_status: 'synced' });
    expect(await everyPage('owner_id=other-hash&sync_status=synced')).toEqual([botId]);
  });

  it.each([
    ['an unknown filter', 'colour=red', 'query.colour'],
    ['an unknown status', 'sync_status=fine', 'query.sync_status'],
    ['a page that is too large', 'limit=1000', 'query.limit'],
    ['a cursor that was made up', 'cursor=abc', 'cursor'],
    ['a cursor of another list', `cursor=${Buffer.from('{"before":3}').toString('base64url')}`, 'cursor'],
    ['a NUL character', 'label=a%00', 'query.label'],
  ])('refuses %s', async (_what, query, path) => {
    const refused = await api.get(`/bots?${query}`);

    expect(refused.body).toMatchObject({ status: 400, code: 'invalid-request', issues: [{ path }] });
  });
});
