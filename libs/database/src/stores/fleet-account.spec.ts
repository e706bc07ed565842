import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../testing/index.js';
import { type Database, openDatabase } from '../open-database.js';
import { claimFleetAccount } from './fleet-account.store.js';
import { adoptFleet } from './fleet-claim.store.js';

let testDatabase: TestDatabase;
let owner: Database;
/** With the rights of the provisioner. */
let provisioner: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  owner = await openDatabase({ url: testDatabase.url });
  provisioner = await openDatabase({ url: testDatabase.roleUrl('trawling_provisioner') });
});
afterAll(async () => {
  await provisioner.close();
  await owner.close();
  await testDatabase.close();
});

/** One bot with a machine like this. */
const insertMachine = async (machine: { driver: string; state: string; providerId: string | null }): Promise<void> => {
  const { rows } = await owner.pool.query<{ id: string }>(
    `INSERT INTO bot (id, owner_id, name, settings, desired_version) VALUES ($1, 'owner', 'bot', '{}', 1) RETURNING id`, [randomUUID()],
  );
  await owner.pool.query(
    `INSERT INTO machine (bot_id, generation, driver, state, reason, provider_id) VALUES ($1, 1, $2, $3, 'As a test says', $4)`,
    [rows[0]?.id, machine.driver, machine.state, machine.providerId],
  );
};

describe('the account of a fleet', () => {
  it('is nobody’s before the installation is set up', async () => {
    await expect(claimFleetAccount(provisioner.pool, 'team-a')).rejects.toThrow(/not initialised/);
  });

  it('is the first one that asks, whoever asks afterwards', async () => {
    await owner.pool.query(
      `INSERT INTO installation (singleton, id, queue_backend, root_public_jwk, token_sealing_jwk, key_set) VALUES (true, $1, 'postgres', '{}', '{}', 'a.b.c')`,
      [randomUUID()],
    );

    const answers = await Promise.all(['team-a', 'team-b', 'team-a'].map((account) => claimFleetAccount(provisioner.pool, account)));

    expect(new Set(answers).size).toBe(1);
    expect(await claimFleetAccount(provisioner.pool, 'team-c')).toBe(answers[0]);
  });

  it('can be another one when the fleet is adopted, once no machine is left in the one before', async () => {
    const claimed = await claimFleetAccount(provisioner.pool, 'team-a');
    await insertMachine({ driver: 'local', state: 'online', providerId: 'here' });
    await insertMachine({ driver: 'digitalocean', state: 'failed', providerId: null });
    for (const machine of [{ state: 'online', providerId: '7' }, { state: 'create_unknown', providerId: null }, { state: 'failed', providerId: '8' }]) {
      await insertMachine({ driver: 'digitalocean', ...machine });
      await owner.transaction((tx) => adoptFleet(tx));
      expect(await claimFleetAccount(provisioner.pool, 'team-d')).toBe(claimed);
      await owner.pool.query(`UPDATE machine SET state = 'gone', provider_id = NULL WHERE state = $1 AND driver = 'digitalocean'`, [machine.state]);
    }

    await owner.transaction((tx) => adoptFleet(tx));

    expect(await claimFleetAccount(provisioner.pool, 'team-d')).toBe('team-d');
  });
});
