import { Client } from 'pg';
import { createTestDatabase, type AppRole, type TestDatabase } from './testing/index.js';

const noRight = '42501';

describe('the rights of the apps in the database', () => {
  let database: TestDatabase;
  const clients = new Map<AppRole, Client>();

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const role of ['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'] as const) {
      const client = new Client({ connectionString: database.roleUrl(role) });
      await client.connect();
      clients.set(role, client);
    }
  });
  afterAll(async () => {
    for (const client of clients.values()) await client.end();
    await database.close();
  });

  const run = (role: AppRole, sql: string) => clients.get(role)?.query(sql);

  const refused: [AppRole, string[]][] = [
    [
      'trawling_sync_adapter',
      [
        'SELECT ciphertext FROM bot_secret',
        'SELECT private_key FROM control_plane_key',
        'SELECT sealed_secret FROM enrollment_token',
        'SELECT secret_hash FROM api_key',
        'SELECT 1 FROM audit_entry',
        'SELECT 1 FROM idempotency_key',
        'UPDATE bot SET desired_version = 2',
        'UPDATE bot SET paused = true',
        'INSERT INTO config_version SELECT * FROM config_version',
        "UPDATE config_version SET payload = ''",
        "UPDATE config_signature SET jws = ''",
        'UPDATE bot_credential SET revoked_at = null',
        "UPDATE sealed_secret SET jwe = ''",
        "UPDATE enrollment_request SET state = 'accepted'",
        "UPDATE machine SET state = 'destroyed'",
        "UPDATE installation SET key_set = ''",
        'DELETE FROM bot_event',
        'SELECT data FROM bot_event',
        'SELECT id FROM bot_event',
        'SELECT value FROM metrics.bot_metric',
        'SELECT name FROM metrics.bot_metric',
        'SELECT 1 FROM bullmq.job',
        'SELECT 1 FROM _prisma_migrations',
        'SELECT packages FROM openclaw_lock',
        'SELECT 1 FROM service_instance',
        'SELECT 1 FROM instance_status_change',
        "UPDATE openclaw_lock SET content = ''",
        'CREATE TABLE mine (id int)',
      ],
    ],
    [
      'trawling_provisioner',
      [
        'SELECT content FROM openclaw_lock',
        "UPDATE openclaw_lock SET packages = '{}'",
        'SELECT ciphertext FROM bot_secret',
        'SELECT private_key FROM control_plane_key',
        'SELECT secret_hash FROM api_key',
        'SELECT secret_hash FROM bot_credential',
        'SELECT jwe FROM sealed_secret',
        'UPDATE bot SET desired_version = 2',
        'UPDATE bot SET machine_generation = 2',
        "UPDATE config_version SET payload = ''",
        'UPDATE enrollment_token SET used_at = now()',
        "UPDATE bot_credential SET secret_hash = ''",
        'UPDATE bot_reported SET applied_version = 1',
        'SELECT 1 FROM service_instance',
        'UPDATE receiver_beat SET last_alive_at = now()',
        'DELETE FROM audit_entry',
        'CREATE TABLE mine (id int)',
      ],
    ],
    ['trawling_control_plane', ['DELETE FROM _prisma_migrations', 'CREATE TABLE mine (id int)', 'DROP TABLE bot', 'CREATE ROLE mine']],
  ];
  it.each(refused.flatMap(([role, statements]) => statements.map((sql) => ({ role, sql }))))('refuse $role: $sql', async ({ role, sql }) => {
    await expect(run(role, sql)).rejects.toMatchObject({ code: noRight });
  });

  const allowed: [AppRole, string[]][] = [
    [
      'trawling_sync_adapter',
      [
        'SELECT payload FROM config_version',
        'SELECT * FROM bot_credential',
        'SELECT id, bot_id, generation, boot_key, expires_at FROM enrollment_token',
        "UPDATE machine SET boot_stage = 'enrolled', boot_error = null WHERE bot_id IS NULL",
        'INSERT INTO bot_reported (bot_id) SELECT id FROM bot WHERE false ON CONFLICT (bot_id) DO UPDATE SET boot_id = excluded.boot_id',
      ],
    ],
    [
      'trawling_provisioner',
      [
        'SELECT id FROM bot FOR UPDATE',
        'UPDATE bot SET decommissioned_at = now() WHERE false',
        'UPDATE bot_credential SET revoked_at = now() WHERE bot_id IS NULL',
        'DELETE FROM machine WHERE false',
        'SELECT sha256 FROM agent_build',
      ],
    ],
    [
      'trawling_control_plane',
      [
        'SELECT * FROM bot_secret',
        'SELECT * FROM bot FOR UPDATE',
        'DELETE FROM idempotency_key WHERE false',
        "INSERT INTO instance_status_change (instance_id, to_status, reason, version) VALUES ('i', 'healthy', 'published', '1')",
      ],
    ],
  ];
  it.each(allowed.flatMap(([role, statements]) => statements.map((sql) => ({ role, sql }))))('allow $role: $sql', async ({ role, sql }) => {
    await expect(run(role, sql)).resolves.toBeDefined();
  });

  it('give the control plane every table of ours', async () => {
    const tables = await run(
      'trawling_control_plane',
      `SELECT relname FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '_prisma_migrations'
          AND NOT has_table_privilege(pg_class.oid, needed)`,
    );

    expect(tables?.rows).toEqual([]);
  });
});
