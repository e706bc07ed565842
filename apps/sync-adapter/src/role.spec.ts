import { openDatabase, type Database } from '@trawling/database';
import { TestBot } from './testing/test-bot.js';
import { useTestWorld } from './testing/test-world.js';

/** What bots report, requests that somebody else decides, and hints. */
const WRITES = [
  'bot_credential update first_used_at',
  'bot_event insert',
  'bot_metric insert',
  'bot_reported insert',
  'bot_reported update',
  'change_log insert',
  'config_ack insert',
  'config_ack update',
  'credential_request insert',
  'enrollment_request insert',
  'machine update boot_error',
  'machine update boot_stage',
  'receiver_beat insert',
  'receiver_beat update',
  'receiver_clock insert',
  'receiver_clock update',
];

describe('a captured sync-adapter', () => {
  let captured: Database;
  // Before the world's own: its database goes last.
  afterAll(() => captured?.close());
  const world = useTestWorld();
  let bot: TestBot;
  beforeAll(async () => {
    captured = await openDatabase({ url: world().database.roleUrl('trawling_sync_adapter'), poolSize: 1 });
    bot = await TestBot.enrolled(world());
  });

  it.each([
    ['read a secret', 'SELECT * FROM bot_secret'],
    ['read a signing key', 'SELECT * FROM control_plane_key'],
    ['read the secret of an enrollment token', 'SELECT sealed_secret FROM enrollment_token'],
    ['read an API key', 'SELECT * FROM api_key'],
    ['read the audit', 'SELECT * FROM audit_entry'],
    ['change what a bot should run', 'UPDATE bot SET desired_version = 1'],
    ['write a config', `UPDATE config_version SET payload = '{}'`],
    ['sign a config', `UPDATE config_signature SET jws = 'x'`],
    ['write a signature', `INSERT INTO config_signature SELECT * FROM config_signature`],
    ['add a signing key', `INSERT INTO control_plane_key SELECT * FROM control_plane_key`],
    ['read the private half of an old key', 'SELECT private_key FROM control_plane_key WHERE retired_at IS NOT NULL'],
    ['swap an identity key', `UPDATE bot_credential SET identity_jwk = '{}'`],
    ['swap the hash of a credential', `UPDATE bot_credential SET secret_hash = 'x'`],
    ['take a credential for another machine', 'UPDATE bot_credential SET generation = generation + 1'],
    ['let a candidate replace another credential', 'UPDATE bot_credential SET replaces_id = id'],
    ['revoke a credential', 'UPDATE bot_credential SET revoked_at = now()'],
    ['accept a rotation', `UPDATE credential_request SET state = 'accepted'`],
    ['put another request in the place of a rotation', `UPDATE credential_request SET request = '{}'`],
    ['make a secret that it sealed itself', `INSERT INTO sealed_secret SELECT * FROM sealed_secret`],
    ['make an enrollment token', `INSERT INTO enrollment_token SELECT * FROM enrollment_token`],
    ['make a bot', `INSERT INTO bot SELECT * FROM bot`],
    ['want another machine', 'UPDATE bot SET machine_generation = machine_generation + 1'],
    ['read what was asked with an Idempotency-Key', 'SELECT * FROM idempotency_key'],
    ['make itself more of a role', 'GRANT trawling_control_plane TO trawling_sync_adapter'],
    ['read the files of the database', 'SELECT * FROM pg_read_file($$postgresql.conf$$)'],
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

  it('may write this and nothing more', async () => {
    const { rows } = await captured.pool.query<{ right: string }>(`
      SELECT DISTINCT c.relname || ' ' || lower(p.privilege) || CASE WHEN has_table_privilege(c.oid, p.privilege) THEN '' ELSE ' ' || a.attname END AS right
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE']) AS p (privilege)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, p.privilege)
      UNION SELECT c.relname || ' delete' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE'))
      ORDER BY 1`);

    expect(rows.map(({ right }) => right)).toEqual(WRITES);
  });

  it('can do what bots ask of it', async () => {
    await bot.config().expect(200);
    await bot.heartbeat().expect(409);
  });
});
