import { BotView } from '@trawling/contracts';
import { type FakeDigitalOcean } from '@trawling/digitalocean-fake';
import { withReleasers } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { openDropletProvisioner } from './support/rig/droplet-provisioner.js';
import { enrollMachine } from './support/rig/enroll.js';
import { runFaultBot } from './support/rig/fault-bot.js';
import { type FaultyProxy, openFaultyProxy } from './support/rig/faulty-proxy.js';
import { openRig, type Rig } from './support/rig/rig.js';
import { type TradingWatch, watchTrading } from './support/rig/watch-trading.js';

type FaultBot = ReturnType<typeof runFaultBot>;
/** What runs on one droplet, and the line it has to us. */
type Machine = { bot: FaultBot; line: FaultyProxy };

const POLICIES = ['continue', 'exits_only', 'stop'] as const;

describe('a bot that is rebuilt while its old machine cannot be reached', () => {
  let opened: Awaited<ReturnType<typeof openAll>>;
  let rig: Rig;
  let cloud: FakeDigitalOcean;
  let watch: TradingWatch;
  const machines: Machine[] = [];

  const openAll = () =>
    withReleasers(async (onStop) => {
      const rigOpened = await openRig();
      onStop(() => rigOpened.stop(), 'rig');
      return { rig: rigOpened.value, cloud: await openDropletProvisioner(onStop, rigOpened.value) };
    });
  beforeAll(async () => {
    opened = await openAll();
    ({ rig, cloud } = opened.value);
    watch = watchTrading(rig, cloud);
  });
  afterAll(async () => {
    await watch?.stop();
    await Promise.all(machines.map(({ bot }) => bot.stop()));
    await Promise.all(machines.map(({ line }) => line.close()));
    await opened?.stop();
  });

  const call = async (method: string, path: string): Promise<unknown> => {
    const answer = await fetch(`${rig.controlPlaneUrl}${path}`, { method, headers: { Authorization: `Bearer ${rig.apiKey}` } });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const view = async (botId: string): Promise<BotView> => BotView.parse(await call('GET', `/bots/${botId}`));
  const droplet = (botId: string, generation: number) => cloud.history().find(({ name }) => name === `bot-${botId}-g${generation}`);

  /** Waits for the droplet of this generation and lives on it: enrolls, fetches, applies, reports. */
  async function liveOn(botId: string, generation: number): Promise<Machine> {
    await until(async () => {
      if (droplet(botId, generation)) return true;
      const { machine } = await view(botId);
      throw new Error(`${machine?.state}: ${machine?.reason}. ${machine?.next_step}`);
    }, { timeoutMs: 60_000, intervalMs: 500 });
    const line = await openFaultyProxy(Number(new URL(rig.syncAdapterUrl).port));
    const machine = { line, bot: runFaultBot(await enrollMachine(rig, botId, generation), line.url, generation) };
    machine.bot.quieten();
    watch.add(machine.bot, generation);
    machines.push(machine);
    return machine;
  }

  /** Versions that let a bot trade. */
  async function tradingVersions(botId: string): Promise<number[]> {
    const rows = await rig.query<{ version: number }>(
      `SELECT version FROM config_version WHERE bot_id = $1 AND (payload::jsonb #>> '{trading_params,trading_enabled}')::boolean ORDER BY version`,
      [botId],
    );
    return rows.map(({ version }) => version);
  }

  /** In milliseconds since 1970. */
  async function issuedAt(botId: string, version: number): Promise<number> {
    const [row] = await rig.query<{ issued_at: Date }>('SELECT issued_at FROM config_version WHERE bot_id = $1 AND version = $2', [botId, version]);
    if (!row) throw new Error(`${botId} has no version ${version}`);
    return row.issued_at.getTime();
  }

  /** A bot that trades on its first machine. */
  async function tradingBot(offline_policy: (typeof POLICIES)[number]) {
    const { bot_id: botId } = await rig.api.createBot({ owner_id: 'rig', settings: { name: offline_policy, offline_policy } });
    const old = await liveOn(botId, 1);
    await until(async () => (await view(botId)).machine?.state === 'online' && old.bot.appliedVersions().at(-1) === 1, { timeoutMs: 60_000, intervalMs: 200 });
    expect(await tradingVersions(botId)).toEqual([1]);
    return { botId, old };
  }

  /** Asks for another machine and lives on it until it has applied what it is given at first. */
  async function rebuild(botId: string): Promise<Machine> {
    await call('POST', `/bots/${botId}/rebuild`);
    const replacement = await liveOn(botId, 2);
    await until(() => replacement.bot.appliedVersions().at(-1) === 2, { timeoutMs: 60_000 });
    return replacement;
  }

  it('never trades on two machines, whatever its offline policy', async () => {
    const bots = await Promise.all(POLICIES.map(tradingBot));

    // From here on nobody can tell the old machines anything, nor end them. At worst they trade as long as they exist.
    cloud.setFaults({ delete: { error_before: 1 } });
    bots.forEach(({ old }) => old.line.cut());
    const replacements = await Promise.all(bots.map(({ botId }) => rebuild(botId)));

    for (const { botId } of bots) {
      expect(droplet(botId, 1)?.goneAt).toBeNull();
      expect(await tradingVersions(botId)).toEqual([1]);
      expect(await view(botId)).toMatchObject({
        trading: 'held',
        machine: { generation: 2, state: expect.stringMatching(/booting|online/) },
        old_machines: [{ generation: 1, state: 'destroying', deadline: expect.any(String), next_step: expect.stringContaining('until nothing of the machine is left') }],
      });
    }

    cloud.setFaults({});
    await Promise.all(bots.map(async ({ botId, old }, index) => {
      await until(() => replacements[index]?.bot.appliedVersions().at(-1) === 3, { timeoutMs: 90_000 });
      // It trades from this version on, which was not even made before what it replaces was gone.
      const goneAt = droplet(botId, 1)?.goneAt ?? Number.POSITIVE_INFINITY;
      expect(await issuedAt(botId, 3)).toBeGreaterThanOrEqual(goneAt);
      expect(await tradingVersions(botId)).toEqual([1, 3]);
      expect(await view(botId)).toMatchObject({ trading: 'active', old_machines: [] });
      expect(old.bot.appliedVersions()).toEqual([1]);
      expect(cloud.droplets().filter(({ name }) => name.includes(botId)).map(({ name }) => name)).toEqual([`bot-${botId}-g2`]);
      // The old one traded until its droplet was gone, then none, then the new one; at no moment both.
      await until(() => watch.seen(botId).at(-1)?.join() === '2');
      expect(watch.seen(botId).filter((generations) => generations.length > 0)).toEqual([[1], [2]]);
    }));
  }, 240_000);
});
