import { EventList } from '@trawling/contracts';
import { LONGEST_OFFLINE_WAIT_SECONDS } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { createPresenceSweep } from './sweep-presence.js';

const controlPlane = useControlPlane();
let api: Api;
let logger: ReturnType<typeof createMemoryLogger>;
let sweep: () => Promise<void>;
beforeEach(async () => {
  const { owner } = controlPlane();
  await owner.pool.query('TRUNCATE bot_reported, bot_presence, bot_event, receiver_beat');
  api = await controlPlane().as('operator');
  logger = createMemoryLogger();
  sweep = createPresenceSweep({ transaction: owner.transaction, newId: uuid7, logger: logger.logger });
});

const LEASE = 100;
const GRACE = LONGEST_OFFLINE_WAIT_SECONDS + LEASE;
/** The bot's last heartbeat, by the database's clock. */
const heartbeat = (botIds: readonly string[], secondsAgo: number) =>
  controlPlane().owner.pool.query(
    `INSERT INTO bot_reported (bot_id, last_heartbeat_at, lease_expires_at)
     SELECT id, now() - make_interval(secs => $2), now() - make_interval(secs => $2) + make_interval(secs => ${LEASE}) FROM unnest($1::uuid[]) AS id
     ON CONFLICT (bot_id) DO UPDATE SET last_heartbeat_at = excluded.last_heartbeat_at, lease_expires_at = excluded.lease_expires_at`,
    [botIds, secondsAgo],
  );
/** When a sync-adapter was last there, and since when and until when none was; seconds ago. */
const receivers = (alive: number, gap: { from: number; to: number } | null = null) =>
  controlPlane().owner.pool.query(
    `INSERT INTO receiver_beat (kind, last_alive_at, gap_started_at, gap_ended_at)
     VALUES ('sync-adapter', now() - make_interval(secs => $1), now() - make_interval(secs => $2), now() - make_interval(secs => $3))
     ON CONFLICT (kind) DO UPDATE
       SET last_alive_at = excluded.last_alive_at, gap_started_at = excluded.gap_started_at, gap_ended_at = excluded.gap_ended_at`,
    [alive, gap?.from ?? null, gap?.to ?? null],
  );
const told = async (botId: string) => {
  const { events } = EventList.parse((await api.get(`/bots/${botId}/events`)).body);
  return events.map(({ type, source }) => `${source}:${type}`).reverse();
};
/** Lets time pass: everything the sweep looks at is that much longer ago. */
const pass = async (seconds: number) => {
  const { pool } = controlPlane().owner;
  await pool.query('UPDATE bot_presence SET since = since - make_interval(secs => $1)', [seconds]);
  await pool.query('UPDATE bot_reported SET last_heartbeat_at = last_heartbeat_at - make_interval(secs => $1), lease_expires_at = lease_expires_at - make_interval(secs => $1)', [seconds]);
};
const fleet = (count: number, ownerId: string) =>
  Promise.all(Array.from({ length: count }, () => makeBot(api, { owner_id: ownerId })));

describe('coming and going', () => {
  it('is one event each, told by the server', async () => {
    const botId = await makeBot(api, { owner_id: 'a' });
    await heartbeat([botId], 0);
    await sweep();
    await sweep();
    expect(await told(botId)).toEqual(['server:bot-online']);

    await heartbeat([botId], LEASE + 1);
    await sweep();
    await sweep();

    expect(await told(botId)).toEqual(['server:bot-online', 'server:bot-offline']);
    expect((await view(api, botId)).alerts).toMatchObject([{ type: 'bot-offline', severity: 'warning', message: expect.stringContaining('silent') }]);
  });

  it('is no event for a bot that is to be decommissioned', async () => {
    const botId = await makeBot(api, { owner_id: 'a' });
    await heartbeat([botId], 0);
    await sweep();
    await api.delete(`/bots/${botId}`);

    await heartbeat([botId], LEASE + 1);
    await sweep();

    expect(await told(botId)).toEqual(['server:bot-online']);
    expect(await controlPlane().owner.prisma.botPresence.findUniqueOrThrow({ where: { botId } })).toMatchObject({ online: false });
  });

  it('is swept by one of two at a time', async () => {
    const bots = await fleet(4, 'two');
    await heartbeat(bots, 0);

    await Promise.all([sweep(), sweep(), sweep()]);
    await sweep();

    for (const botId of bots) expect(await told(botId)).toEqual(['server:bot-online']);
  });
});

describe('a silence of the sync-adapters', () => {
  it.each([
    ['while they are away, by its lease when they left', 60, null, 130, true],
    ['while they are away, whose lease had ended before', 60, null, 170, false],
    ['after they came back, for an agent’s longest wait and one lease', 1, { from: 900, to: GRACE - 5 }, 950, true],
    ['for no longer than that', 1, { from: 900, to: GRACE + 1 }, 950, false],
    ['who was silent before they left', 1, { from: 200, to: 50 }, 301, false],
    ['while they are away again, before all had found them', 60, { from: 300, to: 65 }, 350, true],
    ['while they are away again, long after all had found them', 60, { from: 900, to: 600 }, 350, false],
    ['when they only paused for a moment', 15, null, 120, false],
  ])('is not the bot’s: %s', async (_what, alive, gap, beat, online) => {
    const botId = await makeBot(api, { owner_id: 'gap' });
    await heartbeat([botId], 0);
    await sweep();

    await heartbeat([botId], beat);
    await receivers(alive, gap);
    await sweep();

    expect((await view(api, botId)).online).toBe(online);
    expect((await api.get(`/bots?owner_id=gap&online=${String(online)}`)).body.bots.map((bot: { id: string }) => bot.id)).toContain(botId);
    expect(await told(botId)).toEqual(online ? ['server:bot-online'] : ['server:bot-online', 'server:bot-offline']);
  });
});

describe('an hour without any sync-adapter', () => {
  it('makes nobody offline, though agents that failed for long come back spread over their longest wait', async () => {
    const HOUR = 3_600;
    const bots = await fleet(11, 'hour');
    await heartbeat(bots, 0);
    await sweep();
    await pass(HOUR);
    const backAt = (n: number) => (LONGEST_OFFLINE_WAIT_SECONDS * n) / (bots.length - 1);

    for (let sinceBack = 0; sinceBack <= GRACE + 50; sinceBack += 25) {
      if (sinceBack > 0) await pass(25);
      await receivers(1, { from: HOUR + sinceBack, to: sinceBack });
      await heartbeat(bots.filter((_, n) => backAt(n) <= sinceBack), 0);
      await sweep();
      expect((await api.get('/bots?owner_id=hour&online=false')).body.bots).toEqual([]);
    }

    for (const botId of bots) expect(await told(botId)).toEqual(['server:bot-online']);
  });
});

describe('a fleet that falls silent at once', () => {
  it('is given one more lease, and is told of once', async () => {
    const bots = await fleet(12, 'silent');
    await heartbeat(bots, 0);
    await sweep();

    await heartbeat(bots.slice(0, 8), 1.5 * LEASE);
    await sweep();
    await sweep();

    expect(await told(bots[0] ?? '')).toEqual(['server:bot-online']);
    expect(logger.lines().filter((line) => line['event'] === 'fleet-silent')).toEqual([expect.objectContaining({ silent: 8, online: 12 })]);

    await heartbeat(bots.slice(0, 8), 2 * LEASE + 1);
    await sweep();

    for (const botId of bots.slice(0, 8)) expect(await told(botId)).toEqual(['server:bot-online', 'server:bot-offline']);
    for (const botId of bots.slice(8)) expect(await told(botId)).toEqual(['server:bot-online']);
  });

  it('is noticed though leases end spread over a heartbeat interval, a few in each sweep', async () => {
    const INTERVAL = 30;
    const bots = await fleet(12, 'spread');
    await heartbeat(bots, 0);
    await sweep();
    for (const [n, botId] of bots.entries()) await heartbeat([botId], LEASE - 1 - (INTERVAL * n) / bots.length);

    for (let seconds = 0; seconds < LEASE; seconds += 5) {
      await sweep();
      await pass(5);
    }

    for (const botId of bots) expect(await told(botId)).toEqual(['server:bot-online']);
    expect(logger.lines().filter((line) => line['event'] === 'fleet-silent')).toHaveLength(1);
    await pass(INTERVAL);
    await sweep();
    for (const botId of bots) expect(await told(botId)).toEqual(['server:bot-online', 'server:bot-offline']);
  });

  it('does not keep a few from being called offline after an interval', async () => {
    const bots = await fleet(12, 'few');
    await heartbeat(bots, 0);
    await sweep();
    await heartbeat(bots.slice(0, 5), 1.3 * LEASE);
    await sweep();
    expect(await told(bots[0] ?? '')).toEqual(['server:bot-online']);

    await heartbeat(bots.slice(0, 5), 1.4 * LEASE);
    await sweep();

    for (const botId of bots.slice(0, 5)) expect(await told(botId)).toEqual(['server:bot-online', 'server:bot-offline']);
  });

  it('says nothing when it comes back in time', async () => {
    const bots = await fleet(10, 'back');
    await heartbeat(bots, 0);
    await sweep();
    await heartbeat(bots, 1.5 * LEASE);
    await sweep();

    await heartbeat(bots, 0);
    await sweep();

    for (const botId of bots) expect(await told(botId)).toEqual(['server:bot-online']);
  });
});
