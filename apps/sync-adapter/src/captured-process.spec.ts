import { findInMemory, spellings } from './testing/process-memory.js';
import { startSyncAdapterProcess, type SyncAdapterProcess } from './testing/sync-adapter-process.js';
import { cronResult, event, metric, TestBot } from './testing/test-bot.js';
import { useTestWorld } from './testing/test-world.js';

const SECRETS = [
  { name: 'llm_api_key', version: 1, value: 'sk-captured-4f1c9a7e55b24d' },
  { name: 'llm_api_key', version: 2, value: 'sk-captured-88d0e2b6c1aa07' },
];
/** The memory of another user's or another platform's process cannot be read. */
const noProc = process.platform === 'linux' ? '' : 'needs /proc';

(noProc ? describe.skip : describe)(`whoever captures a running sync-adapter${noProc ? ` (${noProc})` : ''}`, () => {
  let captured: SyncAdapterProcess;
  // Before the world's own: its database goes last.
  afterAll(() => captured?.close());
  const world = useTestWorld();
  let bots: TestBot[];
  const candidates: TestBot[] = [];

  beforeAll(async () => {
    captured = await startSyncAdapterProcess(world().database.roleUrl('trawling_sync_adapter'));
    bots = await Promise.all([1, 2, 3].map(() => liveOneLife()));
  }, 120_000);

  /** A bot that does all it ever does through this process, with secrets that are put, sealed, relayed and rotated. */
  async function liveOneLife(): Promise<TestBot> {
    const bot = await TestBot.waiting({ ...world(), app: captured.app }, { secrets: ['llm_api_key'] });
    const { controlPlane } = world();
    await bot.bootBeforeEnrollment();
    await bot.thief().enroll(await bot.thief().enrollRequest({}, Buffer.alloc(32).toString('base64url')));
    expect((await bot.enroll()).status).toBe(201);
    for (const secret of SECRETS) await controlPlane.sealSecret(bot.credentialId, secret);
    expect((await bot.secrets()).status).toBe(200);
    await bot.keySet().expect(200);
    const { body } = await bot.config().expect(200);
    await bot.ack({ version: body.version, hash: body.hash }).expect(204);
    await bot.heartbeat({ applied_version: body.version, applied_hash: body.hash }).expect(200);
    await bot.metrics([metric()]).expect(200);
    await bot.events([event()]).expect(200);
    await bot.webhook([cronResult()]).expect(200);
    await bot.call('post', 'heartbeat', { surplus: true }).expect(400);
    await bot.call('post', 'heartbeat', '{"broken').expect(400);
    await bot.call('get', 'config', undefined, { Authorization: `Bearer ${bot.credential.slice(0, -1)}x` }).expect(401);
    const candidate = bot.candidate();
    expect((await bot.rotate(candidate)).status).toBe(201);
    await candidate.config().expect(200);
    await bot.config().expect(401);
    candidates.push(candidate);
    return bot;
  }

  /** What must never be in it: the secrets' values and every key that opens, signs or proves. */
  const never = (): [string, Buffer][] => [
    ...SECRETS.flatMap(({ version, value }) => spellings(`value ${version}`, value)),
    ...bots.flatMap(({ keys, token }, index) => [
      ...spellings(`identity key ${index}`, keys.identity.privateJwk.d, true),
      ...spellings(`sealing key ${index}`, keys.sealing.privateJwk.d, true),
      ...spellings(`enrollment token ${index}`, token.secret, true),
    ]),
    ...spellings('signing key', world().controlPlane.privateKeys.signing.d, true),
    ...spellings('root key', world().controlPlane.privateKeys.root.d, true),
  ];

  it('finds in its memory neither a secret nor a private key nor the secret of an enrollment token', async () => {
    const [bot] = bots;
    const relayed = await world().controlPlane.prisma.sealedSecret.findFirstOrThrow({ where: { botId: bot?.id ?? '' } });
    // What is there: what it relays, and who it is to the database. This shows that the search finds things.
    const there = new Map([
      ['its own database address', Buffer.from(world().database.roleUrl('trawling_sync_adapter'))],
      ['a sealed secret', Buffer.from(relayed.jwe.slice(0, 200))],
    ]);

    const { found, bytesRead } = await findInMemory(captured.pid, new Map([...never(), ...there]));

    expect(found).toEqual([...there.keys()].sort());
    expect(bytesRead).toBeGreaterThan(10_000_000);
  });

  it('reads in its logs, all levels on, none of that and no credential either', () => {
    const output = Buffer.from(captured.output());

    const credentials = [...bots, ...candidates].flatMap(({ keys }, index) => spellings(`credential ${index}`, keys.credential.slice(-43)));
    const found = [...never(), ...credentials].filter(([, needle]) => output.includes(needle)).map(([name]) => name);

    expect(found).toEqual([]);
    for (const { id } of bots) expect(output.includes(id)).toBe(true);
  });
});
