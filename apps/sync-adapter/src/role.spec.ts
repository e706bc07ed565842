import { openDatabase, type Database } from '@trawling/database';
import { TestBot } from './testing/test-bot.js';
import { useTestWorld } from './testing/test-world.js';

describe('a captured sync-adapter', () => {
  const world = useTestWorld();
  let captured: Database;
  let bot: TestBot;
  beforeAll(async () => {
    captured = await openDatabase({ url: world().database.roleUrl('trawling_sync_adapter'), poolSize: 1 });
    bot = await TestBot.enrolled(world());
  });
  afterAll(() => captured.close());

  it.each([
    ['read a secret', 'SELECT * FROM bot_secret'],
    ['read a signing key', 'SELECT * FROM control_plane_key'],
    ['read the secret of an enrollment token', 'SELECT sealed_secret FROM enrollment_token'],
    ['read an API key', 'SELECT * FROM api_key'],
    ['read the audit', 'SELECT * FROM audit_entry'],
    ['change what a bot should run', 'UPDATE bot SET desired_version = 1'],
    ['write a config', `UPDATE config_version SET payload = '{}'`],
    ['sign a config', `UPDATE config_signature SET jws = 'x'`],
    ['swap a sealing key', `UPDATE bot_credential SET sealing_jwk = '{}'`],
    ['bring a revoked credential back', 'UPDATE bot_credential SET revoked_at = NULL'],
    ['make a credential', `INSERT INTO bot_credential SELECT * FROM bot_credential`],
    ['accept an enrollment', `UPDATE enrollment_request SET state = 'accepted'`],
    ['replace a sealed secret', `UPDATE sealed_secret SET jwe = 'x'`],
    ['replace the agent', `UPDATE agent_build SET content = 'x'`],
    ['replace the key set', `UPDATE installation SET key_set = 'x'`],
    ['use up a token', 'UPDATE enrollment_token SET used_at = now()'],
    ['move a machine', `UPDATE machine SET state = 'gone'`],
    ['drop what bots reported', 'DELETE FROM bot_event'],
  ])('cannot %s', async (_case, statement) => {
    await expect(captured.pool.query(statement)).rejects.toMatchObject({ code: '42501' });
  });

  it('can do what bots ask of it', async () => {
    await bot.config().expect(200);
    await bot.heartbeat().expect(409);
  });
});
