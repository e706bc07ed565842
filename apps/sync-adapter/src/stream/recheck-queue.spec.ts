import type { CredentialRow } from '@trawling/database';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { createRecheckQueue, VERIFIED_WITHIN_MS, type RecheckQueue, type Verifiable } from './recheck-queue.js';

/** Streams of bots whose rows a test changes, by a clock it moves; the database answers, fails or says nothing at all. */
function start(names: readonly string[] = ['a', 'b']) {
  const clock = createFakeClock();
  const rows = new Map(names.map((name) => [name, rowOf(name)]));
  const streams = new Set(names.map((name): Verifiable => ({ botId: name, credentialId: name, verifiedAt: 0 })));
  const gone: { bot: string; why: string; at: number }[] = [];
  const asked: string[][] = [];
  let confirmedAt = 0;
  let database: 'well' | 'failing' | 'mute' = 'well';
  const leave = (stream: Verifiable, why: string): void => {
    gone.push({ bot: stream.botId, why, at: clock.monotonicMs() });
    streams.delete(stream);
    queue.remove(stream);
  };
  const queue: RecheckQueue<Verifiable> = createRecheckQueue<Verifiable>({
    async findCredentials(ids) {
      asked.push([...ids]);
      if (database === 'mute') await clock.sleep(60_000);
      if (database !== 'well') throw new Error('away');
      return ids.flatMap((id) => rows.get(id) ?? []);
    },
    confirmedAt: () => confirmedAt,
    streams: () => streams,
    onRefused: leave,
    onUnverified: (stream) => leave(stream, 'unverified'),
    clock,
    logger: createMemoryLogger().logger,
  });
  opened.push({ queue, wakeAll: () => clock.advance(120_000) });
  return {
    clock, queue, gone, asked,
    confirm: () => (confirmedAt = clock.monotonicMs()),
    revoke: (name: string) => rows.set(name, { ...rowOf(name), revokedAt: new Date(), revokedReason: 'security' }),
    become: (state: typeof database) => (database = state),
    of: (name: string) => [...streams].filter(({ botId }) => botId === name),
  };
}

const opened: { queue: RecheckQueue<Verifiable>; wakeAll: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const { queue, wakeAll } of opened.splice(0)) await Promise.all([queue.close(), wakeAll()]);
});

const rowOf = (name: string): CredentialRow => ({
  credentialId: name, botId: name, generation: 1, secretHash: '', revokedAt: null, revokedReason: null,
  currentGeneration: 1, decommissionRequestedAt: null, candidate: false, replaced: false,
});

describe('the holders of open streams', () => {
  it('are not looked up while the change feed confirms that nothing was missed', async () => {
    const { clock, confirm, asked, gone } = start();
    for (let second = 0; second < 60; second += 3) {
      await clock.advance(3_000);
      confirm();
    }
    expect([asked, gone]).toEqual([[], []]);
  });

  it('are all looked up when the feed is silent, again and again, and one revoked at any moment is gone within 5 s', async () => {
    for (const revokedAt of [0, 1_000, 3_400, 3_600, 4_999, 30_000]) {
      const { clock, revoke, gone, asked } = start();
      await clock.advance(revokedAt);
      revoke('a');

      await clock.advance(VERIFIED_WITHIN_MS);

      expect(gone).toMatchObject([{ bot: 'a', why: 'unauthenticated' }]);
      expect(asked[0]?.toSorted()).toEqual(['a', 'b']);
    }
  });

  it.each(['failing', 'mute'] as const)('are given up within 5 s of when they were last known to be good when the database is %s', async (state) => {
    const { clock, confirm, become, gone } = start();
    await clock.advance(10_000);
    confirm();
    become(state);

    await clock.advance(4_000);
    expect(gone).toEqual([]);
    await clock.advance(1_000);

    expect(gone.map(({ bot, why }) => [bot, why])).toEqual([['a', 'unverified'], ['b', 'unverified']]);
  });

  it('are given up when a hint was heard and nobody can say what it means', async () => {
    const { clock, confirm, become, queue, gone, of } = start();
    await clock.advance(2_000);
    confirm();
    become('failing');
    queue.add(of('a'));

    for (let ms = 0; ms < VERIFIED_WITHIN_MS; ms += 1_000) {
      await clock.advance(1_000);
      confirm();
    }

    expect(gone).toMatchObject([{ bot: 'a', why: 'unverified' }]);
  });

  it('stay when the database answers again in time', async () => {
    const { clock, become, gone } = start();
    become('failing');
    await clock.advance(4_000);
    become('well');
    await clock.advance(20_000);
    expect(gone).toEqual([]);
  });

  it('get a moment to be verified when it was this process that stood still', async () => {
    const { clock, queue, confirm, gone, of } = start();
    await clock.advance(60_000);
    of('a').forEach((stream) => (stream.verifiedAt = 0));
    queue.add(of('a'));
    await clock.advance(1_000);
    confirm();
    expect(gone).toEqual([]);
  });
});
