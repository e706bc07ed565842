import { until } from '@trawling/runtime/testing';
import { compose } from '../compose.js';
import { Env } from '../env.js';
import { TestBot } from '../testing/test-bot.js';
import { TestStream } from '../testing/test-stream.js';
import { useTestWorld } from '../testing/test-world.js';

/** What the specification promises, and what a machine under load takes to notice it. Milliseconds. */
const PROMISED_MS = 5_000;
const patience = { timeoutMs: 4 * PROMISED_MS };

describe('two replicas of the sync-adapter', () => {
  const world = useTestWorld();

  describe('after a credential is revoked', () => {
    let replicas: Awaited<ReturnType<typeof start>>[];
    const start = () =>
      compose(Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: world().database.roleUrl('trawling_sync_adapter') }), {
        logger: world().log.logger,
        version: '1',
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
});
