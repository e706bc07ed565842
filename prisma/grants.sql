-- One role per app, each with no more than its part needs. Run after the migrations, again and again: it starts by taking
-- everything away, and it runs in one transaction, so nobody ever sees the gap.
--
-- The process that faces the internet (sync-adapter) can open no secret, sign nothing, and write no desired state.

DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      EXECUTE format('CREATE ROLE %I LOGIN', role_name);
    END IF;
  END LOOP;
END
$$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO trawling_control_plane, trawling_sync_adapter, trawling_provisioner;

-- control-plane: everything but Prisma's own bookkeeping.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO trawling_control_plane;
REVOKE ALL ON _prisma_migrations FROM trawling_control_plane;

-- sync-adapter: relays what was decided, records what bots say.
GRANT SELECT ON installation, bot, config_version, config_signature, bot_credential, sealed_secret, agent_build
  TO trawling_sync_adapter;
GRANT SELECT (sha256, content) ON openclaw_lock TO trawling_sync_adapter;
GRANT SELECT (id, bot_id, generation, boot_key, expires_at) ON enrollment_token TO trawling_sync_adapter;
GRANT SELECT, INSERT ON enrollment_request TO trawling_sync_adapter;
GRANT SELECT (bot_id, generation, state, boot_stage, boot_error), UPDATE (boot_stage, boot_error)
  ON machine TO trawling_sync_adapter;
-- SELECT as well: ON CONFLICT and RETURNING read.
GRANT SELECT, INSERT, UPDATE ON bot_reported, config_ack TO trawling_sync_adapter;
-- Adds what bots tell and reads none of it but whose rows were new: ON CONFLICT DO NOTHING without a target needs no
-- SELECT, RETURNING bot_id that of the one column.
GRANT INSERT, SELECT (bot_id) ON bot_event TO trawling_sync_adapter;
GRANT SELECT, INSERT ON credential_request TO trawling_sync_adapter;
-- The one thing it may say of a credential: that the candidate of a rotation was used.
GRANT UPDATE (first_used_at) ON bot_credential TO trawling_sync_adapter;
-- receiver_clock is the release before's.
GRANT SELECT, INSERT, UPDATE ON receiver_beat, receiver_clock TO trawling_sync_adapter;

-- provisioner: makes the machines match the bots.
GRANT SELECT ON installation, bot, bot_reported, config_version TO trawling_provisioner;
-- Which database runs the fleet it is told (admin init, adopt-fleet); whose account it is it finds out.
GRANT UPDATE (fleet_account) ON installation TO trawling_provisioner;
GRANT SELECT (sha256, version, created_at) ON agent_build TO trawling_provisioner;
GRANT SELECT (sha256, openclaw_version, packages, created_at) ON openclaw_lock TO trawling_provisioner;
GRANT SELECT, INSERT, UPDATE, DELETE ON machine TO trawling_provisioner;
GRANT SELECT, INSERT ON enrollment_token TO trawling_provisioner;
GRANT SELECT, INSERT, UPDATE ON provider_budget TO trawling_provisioner;
-- It says which machines nobody knows; whether they may be destroyed it is told.
GRANT SELECT, DELETE ON orphan_machine TO trawling_provisioner;
GRANT INSERT (driver, provider_id, bot_id, generation, monthly_usd, created_at), UPDATE (last_seen_at, monthly_usd, destroyed_at)
  ON orphan_machine TO trawling_provisioner;
GRANT UPDATE (decommissioned_at) ON bot TO trawling_provisioner;
GRANT SELECT (id, bot_id, generation, created_at, revoked_at, revoked_reason), UPDATE (revoked_at, revoked_reason)
  ON bot_credential TO trawling_provisioner;
GRANT SELECT, INSERT ON bot_event TO trawling_provisioner;
GRANT SELECT (id, bot_id), INSERT ON audit_entry TO trawling_provisioner;

-- The change feed: who changes something says so; who serves from memory reads it again.
GRANT SELECT ON change_log TO trawling_sync_adapter;
GRANT INSERT ON change_log TO trawling_sync_adapter, trawling_provisioner;
GRANT USAGE ON SEQUENCE change_log_id_seq TO trawling_control_plane, trawling_sync_adapter, trawling_provisioner;

-- The directory of instances: the control plane's alone.
GRANT USAGE ON SEQUENCE instance_status_change_id_seq TO trawling_control_plane;

-- Metrics: time partitions outside Prisma. Only their functions make and drop partitions.
REVOKE ALL ON SCHEMA metrics FROM trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
REVOKE ALL ON ALL TABLES IN SCHEMA metrics FROM trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA metrics FROM PUBLIC, trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
GRANT USAGE ON SCHEMA metrics TO trawling_control_plane, trawling_sync_adapter;
GRANT SELECT ON metrics.bot_metric TO trawling_control_plane;
GRANT INSERT ON metrics.bot_metric TO trawling_control_plane, trawling_sync_adapter;
GRANT SELECT (bot_id) ON metrics.bot_metric TO trawling_sync_adapter;
GRANT EXECUTE ON FUNCTION metrics.make_partitions(date, date), metrics.drop_partitions(date) TO trawling_control_plane;

-- BullMQ's own schema: the queue when there is no Redis. Control plane and provisioner only.
REVOKE ALL ON SCHEMA bullmq FROM trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
REVOKE ALL ON ALL TABLES IN SCHEMA bullmq FROM trawling_control_plane, trawling_sync_adapter, trawling_provisioner;
GRANT USAGE ON SCHEMA bullmq TO trawling_control_plane, trawling_provisioner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO trawling_control_plane, trawling_provisioner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq TO trawling_control_plane, trawling_provisioner;
REVOKE INSERT, UPDATE, DELETE ON bullmq.migration FROM trawling_control_plane, trawling_provisioner;
