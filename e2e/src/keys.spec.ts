import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { checkout } from './support/launch.js';
import { startFleet, type SharedFleet } from './support/shared-fleet.js';

const Keys = z.object({ key_set_version: z.int(), keys: z.array(z.object({ kid: z.string(), purpose: z.string(), state: z.string(), configs: z.int().nullable() })) });
const SLOW_MS = 120_000;

describe('the signing key of a running fleet', () => {
  let fleet: SharedFleet;
  beforeAll(async () => {
    fleet = await startFleet();
  });
  afterAll(() => fleet?.stop());

  const secret = (name: string): string => join(fleet.stateDir, 'secrets', name);
  const rootKey = (): string[] => ['--root-key', secret('root-key.json')];

  /** The admin command as an operator calls it, while everything runs. */
  async function admin(...args: string[]): Promise<unknown> {
    const password = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(secret('role-passwords.json'), 'utf8')))['trawling_control_plane'];
    const database = `postgresql://trawling_control_plane:${password}@127.0.0.1:${fleet.connection.ports['postgres']}/trawling`;
    const env = { PATH: process.env['PATH'], DATABASE_URL: database, MASTER_KEYS: readFileSync(secret('master-keys'), 'utf8') };
    const script = join(checkout, 'apps/control-plane/dist/admin.js');
    return JSON.parse((await promisify(execFile)(process.execPath, [script, ...args, '--json'], { env })).stdout);
  }
  const signing = async () => Keys.parse(await admin('list-keys')).keys.filter(({ purpose }) => purpose === 'signing');

  it('is replaced and retired, and the bot follows each change after it without a doubt', async () => {
    await fleet.untilSynced(1, SLOW_MS);
    const [old] = await signing();

    await admin('rotate-signing-key', ...rootKey());
    const between = await fleet.controlPlane.patchBot(fleet.botId, { strictness: 'high' });
    await fleet.untilSynced(between.desired_version, SLOW_MS);
    await admin('retire-signing-key', '--kid', old?.kid ?? '', ...rootKey());
    const after = await fleet.controlPlane.patchBot(fleet.botId, { strictness: 'low' });
    await fleet.untilSynced(after.desired_version, SLOW_MS);

    expect((await signing()).map(({ kid, state }) => [kid === old?.kid, state])).toEqual([[false, 'signs'], [true, 'retired']]);
    const { events } = await fleet.controlPlane.events(fleet.botId, { limit: '200' });
    expect(events.filter(({ type }) => type.startsWith('security.'))).toEqual([]);
  });
});
