import { adoptFleet, type Database, openDatabase } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { type FakeDigitalOcean, startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { compose } from './compose.js';
import { Env } from './env.js';
import { insertBot, setUpInstallation } from './testing/bots-in-database.js';
import { registrationFile } from './testing/registration-file.js';

describe('a provisioner of droplets on a copy of its fleet’s database', () => {
  let cloud: FakeDigitalOcean;
  let server: Database;
  let serverDatabase: TestDatabase;
  let original: TestDatabase;
  const copies: string[] = [];

  const onDatabase = async <T>(url: string, use: (database: Database) => Promise<T>): Promise<T> => {
    const database = await openDatabase({ url });
    try {
      return await use(database);
    } finally {
      await database.close();
    }
  };
  /** With the production token, as a staging installation may have it by mistake. */
  const start = (url: string) => {
    const env = Env.parse({
      PORT: '0', DATABASE_URL: url, SYNC_ADAPTER_URL: 'https://bots.example.com', MACHINE_DRIVER: 'digitalocean',
      DIGITALOCEAN_TOKEN: 'dop_v1_production', DIGITALOCEAN_API_URL: cloud.url, DIGITALOCEAN_IMAGE: 'debian-12-x64', SWEEP_SECONDS: '0.2',
    });
    return compose(env, { logger: createMemoryLogger().logger, version: '0.0.0-test', supervisorFile: '', registrationFile, environment: {} });
  };
  const changes = () => cloud.requests().filter(({ method }) => method !== 'GET');
  /** As a restored dump is: all the same rows in another database. */
  async function copy(): Promise<{ url: string; roleUrl: string }> {
    const name = `${new URL(original.url).pathname.slice(1)}_copy${copies.length}`;
    await server.pool.query(`CREATE DATABASE ${name} TEMPLATE ${new URL(original.url).pathname.slice(1)}`);
    copies.push(name);
    const at = (url: string): string => Object.assign(new URL(url), { pathname: `/${name}` }).href;
    return { url: at(original.url), roleUrl: at(original.roleUrl('trawling_provisioner')) };
  }

  beforeAll(async () => {
    cloud = await startFakeDigitalOcean();
    serverDatabase = await createTestDatabase();
    server = await openDatabase({ url: serverDatabase.url });
  });
  afterAll(async () => {
    await server.close();
    await serverDatabase.close();
    await cloud.stop();
  });
  beforeEach(async () => {
    original = await createTestDatabase();
    await onDatabase(original.url, async (database) => {
      await setUpInstallation(database);
      await insertBot(database);
    });
  });
  afterEach(async () => {
    for (const name of copies.splice(0)) await server.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await original.close();
  });
  const claim = (url: string) => onDatabase(url, (database) => database.transaction((tx) => adoptFleet(tx)));

  it('refuses to start, says what to do, and changes nothing at the provider', async () => {
    await claim(original.url);
    const { roleUrl } = await copy();
    const before = changes().length;

    await expect(start(roleUrl)).rejects.toThrow(/run from another database: this one is a copy of it.*admin adopt-fleet/);
    expect(changes()).toHaveLength(before);

    // The original does change something: what makes droplets works here.
    await (await start(original.roleUrl('trawling_provisioner'))).stop();
    expect(changes().length).toBeGreaterThan(before);
  });

  it('refuses as well when the copy is older than anybody’s word on which database it is', async () => {
    const { roleUrl } = await copy();
    await claim(original.url);
    const before = changes().length;

    await expect(start(roleUrl)).rejects.toThrow(/Nobody has said.*it may be a copy.*admin adopt-fleet/);
    expect(changes()).toHaveLength(before);
  });

  it('cannot say by itself that the fleet is its own', async () => {
    const { roleUrl } = await copy();

    await expect(onDatabase(roleUrl, (database) => database.pool.query('UPDATE installation SET fleet_database = NULL'))).rejects.toThrow(/permission denied/);
  });

  it('starts once somebody has said that the copy took the place of the original', async () => {
    await claim(original.url);
    const { url, roleUrl } = await copy();
    await claim(url);

    const before = changes().length;

    await (await start(roleUrl)).stop();

    expect(changes().length).toBeGreaterThan(before);
  });
});
