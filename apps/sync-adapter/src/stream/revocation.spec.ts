import { until } from '@trawling/runtime/testing';
import { compose } from '../compose.js';
import { Env } from '../env.js';
import { openWire } from '../testing/open-wire.js';
import { TestBot } from '../testing/test-bot.js';
import { TestStream } from '../testing/test-stream.js';
import { registrationFile, useTestWorld } from '../testing/test-world.js';

/**
 * How long a machine under load may take to notice. That it is 5 s is shown by a clock that a test moves
 * (recheck-queue.spec.ts); here it is shown that each way to miss a change is noticed at all.
 */
const patience = { timeoutMs: 30_000 };

describe('the sync-adapter', () => {
  const world = useTestWorld();

  describe('in two replicas, after a credential is revoked', () => {
    let replicas: Awaited<ReturnType<typeof start>>[];
    const start = () =>
      compose(Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: world().database.roleUrl('trawling_sync_adapter') }), {
        logger: world().log.logger,
        version: '1',
        registrationFile,
      });

    beforeAll(async () => {
      replicas = [await start(), await start()];
    });
    afterAll(async () => {
      for (const { stop } of replicas) await stop();
    });

    /** The same bot, with a stream on each replica. */
    async function streamsOf(bot: TestBot): Promise<TestStream[]> {
      return Promise.all(replicas.map(({ value }) => TestStream.of(bot.at({ ...world(), url: value.url }))));
    }
    const codes = (streams: TestStream[]) => Promise.all(streams.map((stream) => until(() => stream.closed?.code, patience)));

    it('both close its stream', async () => {
      const bot = await TestBot.enrolled(world());
      const streams = await streamsOf(bot);

      await world().controlPlane.revoke(bot.credentialId, 'security');

      expect(await codes(streams)).toEqual([4401, 4401]);
    });

    it('both close it when the notification is lost: the scan of the change log finds it', async () => {
      const bot = await TestBot.enrolled(world());
      const streams = await streamsOf(bot);

      await world().controlPlane.prisma.$transaction(async (tx) => {
        await tx.$executeRaw`UPDATE bot_credential SET revoked_at = now(), revoked_reason = 'security' WHERE id = ${bot.credentialId}::uuid`;
        await tx.$executeRaw`INSERT INTO change_log (topic, ids) VALUES ('credential', ARRAY[${bot.id}])`;
      });

      expect(await codes(streams)).toEqual([4401, 4401]);
    });

    it('both close it when it was revoked while nobody listened: after a reconnect every credential is looked at', async () => {
      const bot = await TestBot.enrolled(world());
      const streams = await streamsOf(bot);
      await world().controlPlane.prisma.botCredential.update({ where: { id: bot.credentialId }, data: { revokedAt: new Date() } });

      await world().controlPlane.prisma.$executeRaw`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trawling change feed'`;

      expect(await codes(streams)).toEqual([4401, 4401]);
    });

    it('refuse every other call, too', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;
      await bot.config({ known: hash }).expect(304);

      await world().controlPlane.revoke(bot.credentialId, 'security');

      await until(async () => (await bot.config({ known: hash })).status === 401, patience);
      expect(await TestStream.refused(bot)).toMatchObject({ status: 401, code: 'unauthenticated' });
    });
  });

  describe('with a line to the database that swallows what is sent over it', () => {
    let wire: Awaited<ReturnType<typeof openWire>>;
    let replica: Awaited<ReturnType<typeof compose>>;

    beforeAll(async () => {
      wire = await openWire(world().database.roleUrl('trawling_sync_adapter'));
      replica = await compose(Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: wire.url }), { logger: world().log.logger, version: '1', registrationFile });
    });
    afterEach(() => wire.mend());
    afterAll(async () => {
      wire.cut();
      await replica.stop();
      await wire.close();
    });
    const streamOf = (bot: TestBot) => TestStream.of(bot.at({ ...world(), url: replica.value.url }));
    const codeOf = (stream: TestStream) => until(() => stream.closed?.code, patience);

    it('looks up every credential when only the change feed hangs: the revoked one goes, the good one stays', async () => {
      const [bad, good] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
      const [lost, kept] = [await streamOf(bad), await streamOf(good)];
      wire.swallow('trawling change feed');

      await world().controlPlane.revoke(bad.credentialId, 'security');

      expect(await codeOf(lost)).toBe(4401);
      expect(kept.closed).toBeUndefined();
      expect(await TestStream.refused(bad.at({ ...world(), url: replica.value.url }))).toMatchObject({ status: 401 });
      await kept.leave();
    });

    it('closes with 1013 what it cannot verify, and takes it back when the database answers again', async () => {
      const bot = await TestBot.enrolled(world());
      const stream = await streamOf(bot);

      wire.swallow('');

      expect(await codeOf(stream)).toBe(1013);
      wire.cut();
      wire.mend();
      const back = await until(() => streamOf(bot), patience);
      await back.leave();
    });
  });
});
