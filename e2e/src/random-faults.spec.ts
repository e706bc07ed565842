import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { enrolledBot, type RigMachine } from './support/rig/enroll.js';
import { runFaultBot } from './support/rig/fault-bot.js';
import { openRig, type Rig } from './support/rig/rig.js';
import { seededRandom } from './support/rig/seeded-random.js';

const BOTS = 6;
/** How long faults rain, in milliseconds. */
const STORM_MS = 45_000;

describe('a small fleet under random faults', () => {
  let opened: Awaited<ReturnType<typeof openRig>>;
  beforeAll(async () => void (opened = await openRig()));
  afterAll(() => opened?.stop());

  it('loses no confirmed report, applies no version twice, and ends with every bot synced', async () => {
    const seed = Number(process.env['FAULT_SEED'] ?? 374_954);
    console.log(`FAULT_SEED=${seed}`);
    const { random, pick } = seededRandom(seed);
    const rig = opened.value;
    const machines: RigMachine[] = [];
    for (let n = 0; n < BOTS; n += 1) machines.push(await enrolledBot(rig, `Storm ${n}`));
    const bots = machines.map((machine) => runFaultBot(machine, rig.botLine.url));
    const accepted = new Map<string, number>();

    const change = async (): Promise<void> => {
      const botId = pick(machines).botId;
      try {
        const { desired_version } = await rig.api.patchBot(botId, { strictness: pick(['low', 'medium', 'high']), timezone: pick(['UTC', 'Asia/Tokyo', 'Europe/Paris']) });
        accepted.set(botId, Math.max(accepted.get(botId) ?? 0, desired_version));
      } catch {
        // The control plane or its database is being killed: nothing was promised.
      }
    };
    const faults = faultsOf(rig);
    const done: string[] = [];
    const calmAt = systemClock.monotonicMs() + STORM_MS;
    while (systemClock.monotonicMs() < calmAt) {
      if (random() < 0.6) await change();
      else {
        const fault = pick(faults);
        done.push(fault.name);
        await fault.strike();
      }
      await systemClock.sleep(random() * 300);
    }

    const context = (): string => JSON.stringify({ seed, done, logs: bots.map(({ log }) => log.summary().errors) });
    bots.forEach((bot) => bot.quieten());
    try {
      await until(() => bots.every((bot) => bot.pending() === 0), { timeoutMs: 60_000, message: 'reports still wait' });
      await until(
        async () => {
          const views = await Promise.all(bots.map(({ botId }) => rig.api.getBot(botId)));
          return views.every((view, n) => view.sync_status === 'synced' && view.online && view.desired_version === bots[n]?.appliedVersions().at(-1));
        },
        { timeoutMs: 60_000, message: 'not every bot is synced' },
      );
    } catch (error) {
      throw new Error(context(), { cause: error });
    }
    await Promise.all(bots.map((bot) => bot.stop()));

    for (const bot of bots) {
      const rows = await rig.query<{ id: string; count: number }>('SELECT id, count(*)::int AS count FROM bot_event WHERE bot_id = $1 AND type = $2 GROUP BY id', [bot.botId, 'note']);
      const stored = new Map(rows.map(({ id, count }) => [id, count]));
      expect({ lost: bot.confirmed().filter((id) => !stored.has(id)), seed }).toEqual({ lost: [], seed });
      expect([...stored.keys()].sort()).toEqual([...bot.made()].sort());
      const versions = bot.appliedVersions();
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
      expect(versions.at(-1)).toBeGreaterThanOrEqual(accepted.get(bot.botId) ?? 1);
      expect(Object.keys(bot.log.summary().errors).filter((what) => /refused|not as the contract|not all taken|bot:| (?:400|401|404|409|410|500) /.test(what))).toEqual([]);
    }
    // The storm was one: several kinds of faults, changes and reports in between.
    expect(new Set(done).size).toBeGreaterThan(2);
    expect(accepted.size).toBeGreaterThan(0);
    console.log(`${done.length} faults, ${bots.reduce((sum, bot) => sum + bot.made().length, 0)} reports, ${bots.reduce((sum, bot) => sum + bot.appliedVersions().length, 0)} versions`);
  });
});

function faultsOf(rig: Rig): { name: string; strike: () => Promise<void> }[] {
  return [
    {
      name: 'kill sync-adapter',
      strike: async () => {
        await rig.syncAdapter.kill();
        await rig.syncAdapter.start();
      },
    },
    { name: 'stop sync-adapter', strike: async () => (await rig.syncAdapter.stop(), rig.syncAdapter.start()) },
    {
      name: 'kill control-plane',
      strike: async () => {
        await rig.controlPlane.kill();
        await rig.controlPlane.start();
      },
    },
    { name: 'crash Postgres', strike: () => rig.postgres.crash() },
    { name: 'lose an answer', strike: async () => rig.botLine.loseNextAnswer() },
    {
      name: 'cut the line',
      strike: async () => {
        rig.botLine.cut();
        await systemClock.sleep(500);
        rig.botLine.mend();
      },
    },
  ];
}
