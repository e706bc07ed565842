import { findFleetClaim } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';
import { makeBot } from '../testing/bots.js';
import { useControlPlane } from '../testing/open-test-control-plane.js';
import { runAdminOn } from '../testing/run-admin-on.js';

const controlPlane = useControlPlane();
const admin = (...args: string[]): Promise<string> => runAdminOn(controlPlane(), args);
beforeEach(() => controlPlane().owner.pool.query('TRUNCATE orphan_machine'));

/** As the provisioner's sweep writes it. */
const orphan = (providerId: string, monthlyUsd: number | null = 12) =>
  controlPlane().owner.pool.query(
    `INSERT INTO orphan_machine (driver, provider_id, bot_id, generation, monthly_usd, created_at) VALUES ('digitalocean', $1, gen_random_uuid(), 1, $2, now())`,
    [providerId, monthlyUsd],
  );
const approved = async (): Promise<string[]> =>
  (await controlPlane().owner.prisma.orphanMachine.findMany({ where: { approvedAt: { not: null } } })).map(({ providerId }) => providerId);

describe('admin orphans', () => {
  it('shows machines without a bot and what they cost', async () => {
    expect(await admin('orphans')).toBe('Every machine has a bot');
    await orphan('101');
    await orphan('102', null);

    const text = await admin('orphans');

    expect(text).toMatch(/^2 machines without a bot, 12\.00 USD a month$/m);
    expect(text).toMatch(/101 .*12\.00 USD a month {2}waits for approval$/m);
    expect(JSON.parse(await admin('orphans', '--json'))).toMatchObject({ monthly_usd: 12, machines: [{ provider_id: '101' }, { provider_id: '102', monthly_usd: null }] });
  });
});

describe('admin approve-orphans', () => {
  it('names machines that may be destroyed, and leaves a trace', async () => {
    await orphan('101');
    await orphan('102');

    await admin('approve-orphans', '101');

    expect(await approved()).toEqual(['101']);
    expect(await admin('orphans')).toMatch(/101 .*approved$/m);
    expect(await controlPlane().owner.prisma.auditEntry.count({ where: { action: 'approve-orphans' } })).toBe(1);
  });

  it('approves none when one of them has a bot or is not there', async () => {
    await orphan('101');

    await expect(admin('approve-orphans', '101', '999')).rejects.toThrow(/no machine 999 without a bot; nothing is approved/);

    expect(await approved()).toEqual([]);
  });
});

describe('the fleet’s database', () => {
  const claim = () => findFleetClaim(controlPlane().owner.pool);

  it('is the one that was initialised, before any machine is made from it', async () => {
    expect(await claim()).toBe('ours');
  });

  it('is not its copy, until somebody lets that run the machines with "admin adopt-fleet"', async () => {
    for (const [before, found] of [['another/1', 'another'], [null, 'none']] as const) {
      await controlPlane().owner.pool.query('UPDATE installation SET fleet_database = $1', [before]);
      expect(await claim()).toBe(found);

      await admin('adopt-fleet');

      expect(await claim()).toBe('ours');
      const [entry] = await controlPlane().owner.prisma.auditEntry.findMany({ where: { action: 'adopt-fleet' }, orderBy: { id: 'desc' } });
      expect(entry).toMatchObject({ before: { database: before } });
    }
  });
});

describe('admin trust-provider', () => {
  const machineOf = async (botId: string) => (await controlPlane().owner.prisma.machine.findMany({ where: { botId } }))[0];
  /** A bot whose machine the provisioner does not find, and whose loss it does not believe. */
  const missing = async (): Promise<string> => {
    const botId = await makeBot(await controlPlane().as('admin'), { owner_id: 'somebody' });
    await controlPlane().owner.pool.query(`UPDATE machine SET state = 'online', provider_id = '7', reason = $2 WHERE bot_id = $1`, [botId, PROVIDER_IN_DOUBT]);
    return botId;
  };

  it('wants the missing machines anew, and leaves a trace; a dry run only shows them', async () => {
    const botId = await missing();

    expect(await admin('trust-provider', '--dry-run')).toMatch(new RegExp(`1 machines would count as gone\\n  7  bot ${botId}`));
    expect(await machineOf(botId)).toMatchObject({ state: 'online' });

    expect(await admin('trust-provider')).toContain('1 machines count as gone');
    expect(await machineOf(botId)).toMatchObject({ state: 'wanted', reason: 'admin-cli said that the machine is gone', deadline: null });
    expect(await controlPlane().owner.prisma.auditEntry.count({ where: { action: 'trust-provider' } })).toBe(1);
  });

  it('changes nothing where none is missing, or the bot reports', async () => {
    const botId = await missing();
    await controlPlane().owner.pool.query(`INSERT INTO bot_reported (bot_id, generation, lease_expires_at) VALUES ($1, 1, now() + interval '1 minute')`, [botId]);

    expect(await admin('trust-provider')).toContain('nothing is changed');
    expect(await machineOf(botId)).toMatchObject({ state: 'online' });
  });
});
