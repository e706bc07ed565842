import { leaseSeconds } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';
import { lastSeenVersionOf } from './record-heartbeat.js';

describe('POST /bots/{id}/heartbeat', () => {
  const world = useTestWorld();
  const current = { applied_version: '1', last_seen_version: '1' };

  /** Puts the lease far back, so that a renewal shows. */
  async function letLeaseEnd(bot: TestBot): Promise<void> {
    const longAgo = new Date('2026-01-01T00:00:00Z');
    await world().controlPlane.prisma.botReported.update({ where: { botId: bot.id }, data: { leaseExpiresAt: longAgo, lastHeartbeatAt: longAgo } });
  }

  async function leaseLeft(bot: TestBot): Promise<number> {
    const [row] = await world().controlPlane.prisma.$queryRaw<{ left: number }[]>`
      SELECT extract(epoch FROM lease_expires_at - now())::float8 AS left FROM bot_reported WHERE bot_id = ${bot.id}::uuid`;
    return row?.left ?? 0;
  }

  it('stores the status and renews the lease by the clock of the database', async () => {
    const bot = await TestBot.enrolled(world());
    const { intervals } = (await bot.config()).body;

    const answer = await bot.heartbeat({ ...current, health: { status: 'degraded', details: { reason: 'disk' } } }).expect(200);

    expect(answer.body.next_heartbeat_seconds).toBe(intervals.heartbeat_seconds);
    expect(Math.abs(Date.parse(answer.body.server_time) - Date.now())).toBeLessThan(60_000);
    expect(await bot.reported()).toMatchObject({ status: { health: { status: 'degraded' } }, appliedVersion: 1, lastSeenVersion: 1, bootId: bot.bootId });
    const lease = leaseSeconds(intervals.heartbeat_seconds);
    expect(await leaseLeft(bot)).toBeGreaterThan(lease - 30);
    expect(await leaseLeft(bot)).toBeLessThanOrEqual(lease);
  });

  it('keeps what the bot can do and how busy it is, as its newest heartbeat says', async () => {
    const bot = await TestBot.enrolled(world());
    await bot.heartbeat({ ...current, capabilities: ['strategy.trend', 'mode.paper'], capacity: { concurrent_tasks: 3, queue_length: 1 } }).expect(200);

    expect(await bot.reported()).toMatchObject({ status: { capabilities: ['strategy.trend', 'mode.paper'], capacity: { concurrent_tasks: 3, queue_length: 1 } } });
    await bot.heartbeat({ ...current, capabilities: ['mode.paper'], capacity: { concurrent_tasks: 0, queue_length: 0 } }).expect(200);

    expect(await bot.reported()).toMatchObject({ status: { capabilities: ['mode.paper'], capacity: { concurrent_tasks: 0, queue_length: 0 } } });
  });

  it.each([
    ['capabilities.0', { capabilities: ['Not A Capability'] }],
    ['capacity.queue_length', { capacity: { concurrent_tasks: 3, queue_length: -1 } }],
  ])('refuses a heartbeat whose %s is not what the contract says', async (path, over) => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.heartbeat({ ...current, ...over }).expect(400);
    expect(answer.body.issues[0].path).toBe(path);
  });

  it('answers 409 with the desired version and hash when there is something newer to fetch, and stores all the same', async () => {
    const bot = await TestBot.enrolled(world());
    const next = await world().controlPlane.changeBot(bot.id);

    const answer = await bot.heartbeat(current).expect(409);

    expect(answer.body).toMatchObject({ code: 'config-update-available', desired_version: '2', desired_hash: next.hash });
    expect(answer.body.next_heartbeat_seconds).toBeGreaterThan(0);
    expect(await leaseLeft(bot)).toBeGreaterThan(0);
  });

  it('does not drive a bot whose newest config failed in a circle', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.changeBot(bot.id);
    await bot.heartbeat({ applied_version: '1', last_seen_version: '2' }).expect(200);
  });

  it.each([
    [{ last_seen_version: '3', applied_version: '1' }, 3],
    [{ applied_version: '2' }, 2],
    [{ last_seen_version: null, applied_version: '2' }, 2],
    [{ applied_version: null }, null],
  ])('takes %p as having seen %p', (status, expected) => {
    expect(lastSeenVersionOf(status)).toBe(expected);
  });

  it.each([
    ['an older sequence of the same boot', 4],
    ['the same sequence again', 5],
  ])('%s changes nothing but the lease', async (_case, sequence) => {
    const bot = await TestBot.enrolled(world());
    await bot.heartbeat({ ...current, sequence: 5 });
    await letLeaseEnd(bot);

    await bot.heartbeat({ ...current, sequence, health: { status: 'unhealthy', details: {} } }).expect(200);

    expect(await bot.reported()).toMatchObject({ sequence: 5n, status: { health: { status: 'healthy' } } });
    expect(await leaseLeft(bot)).toBeGreaterThan(0);
  });

  it('takes a new boot, which counts from its own start', async () => {
    const bot = await TestBot.enrolled(world());
    await bot.heartbeat({ ...current, sequence: 50 });
    const bootId = uuid7();

    await bot.heartbeat({ ...current, boot_id: bootId, sequence: 0 }).expect(200);

    expect(await bot.reported()).toMatchObject({ bootId, sequence: 0n });
  });

  it('never moves what one machine applied downward', async () => {
    const bot = await TestBot.enrolled(world());
    const next = await world().controlPlane.changeBot(bot.id);
    await bot.heartbeat({ applied_version: '2', applied_hash: next.hash });

    await bot.heartbeat({ applied_version: '1', last_seen_version: '2' }).expect(200);

    expect(await bot.reported()).toMatchObject({ appliedVersion: 2, appliedHash: next.hash });
  });

  it('starts over with the next machine', async () => {
    const bot = await TestBot.enrolled(world());
    await bot.heartbeat({ ...current, sequence: 50 });
    await world().controlPlane.wantGeneration(bot.id, 2);
    const next = await TestBot.machineOf(world(), bot.id, 2);
    await next.enroll();

    await next.heartbeat({ applied_version: null }).expect(409);

    expect(await bot.reported()).toMatchObject({ generation: 2, appliedVersion: null, lastSeenVersion: null, bootId: next.bootId });
    await bot.heartbeat(current).expect(410);
  });

  it('counts two heartbeats that arrive at once as two renewals of one row', async () => {
    const bot = await TestBot.enrolled(world());

    const answers = await Promise.all([bot.heartbeat(current), bot.heartbeat(current), bot.heartbeat(current)]);

    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
    expect(await bot.reported()).toMatchObject({ sequence: 3n });
  });

  it('refuses what Postgres could not keep, with its path, and does not renew for it', async () => {
    const bot = await TestBot.enrolled(world());

    const answer = await bot.heartbeat({ health: { status: 'healthy', details: { note: 'a\u0000b' } } }).expect(400);

    expect(answer.body.issues[0].path).toBe('health.details.note');
    expect(await bot.reported()).toBeNull();
  });

  it('takes a clock that is wrong by a day, and answers with the right time', async () => {
    const bot = await TestBot.enrolled(world());
    const sentAt = new Date(Date.now() - 86_400_000).toISOString();
    const answer = await bot.heartbeat({ ...current, sent_at: sentAt }).expect(200);
    expect(Math.abs(Date.parse(answer.body.server_time) - Date.now())).toBeLessThan(60_000);
  });

  it('knows no year 0', async () => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.heartbeat({ ...current, sent_at: '0000-01-01T00:00:00.000Z' }).expect(400);
    expect(answer.body.issues[0].path).toBe('sent_at');
  });

  describe('with a version that was never issued', () => {
    const serverEvents = (bot: TestBot) => world().controlPlane.prisma.botEvent.findMany({ where: { botId: bot.id, source: 'server' } });

    it('renews the lease, takes nothing as applied, remembers the number and tells the owner once', async () => {
      const bot = await TestBot.enrolled(world());
      const status = { applied_version: '7', applied_hash: `sha256:${'7'.repeat(64)}`, last_seen_version: '9' };

      await bot.heartbeat(status).expect(200);
      await bot.heartbeat(status).expect(200);

      expect(await bot.reported()).toMatchObject({ appliedVersion: null, appliedHash: null, highestVersion: 9 });
      expect(await leaseLeft(bot)).toBeGreaterThan(0);
      expect(await serverEvents(bot)).toMatchObject([
        { type: 'state-regressed', severity: 'warning', data: { desired_version: 1, reported_version: 9 } },
      ]);
    });

    it('keeps what was applied before', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;
      await bot.heartbeat({ ...current, applied_hash: hash });

      await bot.heartbeat({ applied_version: '3', last_seen_version: '3' }).expect(200);

      expect(await bot.reported()).toMatchObject({ appliedVersion: 1, appliedHash: hash, highestVersion: 3 });
    });

    it('takes no hash that the version never had', async () => {
      const bot = await TestBot.enrolled(world());
      await bot.heartbeat({ ...current, applied_hash: `sha256:${'0'.repeat(64)}` }).expect(200);
      expect(await bot.reported()).toMatchObject({ appliedVersion: null, appliedHash: null });
    });

    it('is refused when it is absurdly far ahead, because the next version would have to be above it', async () => {
      const bot = await TestBot.enrolled(world());
      await bot.heartbeat({ ...current, last_seen_version: '10001' }).expect(200);

      const answer = await bot.heartbeat({ ...current, last_seen_version: '10002' }).expect(400);

      expect(answer.body).toMatchObject({ code: 'invalid-request', issues: [{ path: 'last_seen_version' }] });
      expect(await bot.reported()).toMatchObject({ highestVersion: 10001 });
    });

    it('says nothing of a regression when only our memory was behind', async () => {
      const bot = await TestBot.enrolled(world());
      await bot.heartbeat(current);
      await world().controlPlane.changeBot(bot.id);

      await bot.heartbeat({ applied_version: '2', last_seen_version: '2' }).expect(200);

      expect(await serverEvents(bot)).toEqual([]);
    });
  });

  describe('from two machines with one identity', () => {
    const serverEvents = (bot: TestBot) => world().controlPlane.prisma.botEvent.findMany({ where: { botId: bot.id, source: 'server' } });

    it('tells the owner when an earlier boot speaks after a later one, and keeps what the later one said', async () => {
      const bot = await TestBot.enrolled(world());
      const copy = uuid7();
      await bot.heartbeat({ ...current, sequence: 8 });
      await bot.heartbeat({ ...current, boot_id: copy, sequence: 0 });
      await letLeaseEnd(bot);

      await bot.heartbeat({ ...current, sequence: 9, health: { status: 'unhealthy', details: {} } }).expect(200);
      await bot.heartbeat({ ...current, sequence: 10 }).expect(200);

      expect(await bot.reported()).toMatchObject({ bootId: copy, previousBootId: bot.bootId, sequence: 0n, status: { health: { status: 'healthy' } } });
      expect(await leaseLeft(bot)).toBeGreaterThan(0);
      expect(await serverEvents(bot)).toMatchObject([{ type: 'duplicate-identity', severity: 'error', data: { boot_id: bot.bootId } }]);
    });

    it('takes restarts for what they are', async () => {
      const bot = await TestBot.enrolled(world());
      for (const bootId of [bot.bootId, uuid7(), uuid7()]) {
        await bot.heartbeat({ ...current, boot_id: bootId, sequence: 0 });
        await bot.heartbeat({ ...current, boot_id: bootId, sequence: 1 });
      }
      expect(await serverEvents(bot)).toEqual([]);
    });

    it('forgets the boots of the machine before', async () => {
      const bot = await TestBot.enrolled(world());
      await bot.heartbeat(current);
      await world().controlPlane.wantGeneration(bot.id, 2);
      const next = await TestBot.machineOf(world(), bot.id, 2);
      await next.enroll();

      await next.heartbeat({ applied_version: null });

      expect(await next.reported()).toMatchObject({ bootId: next.bootId, previousBootId: null });
    });
  });
});
