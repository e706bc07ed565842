-- AlterTable
ALTER TABLE "bot_credential" ADD COLUMN     "first_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "replaces_id" UUID;

-- AlterTable
ALTER TABLE "bot_event" ADD COLUMN     "source" TEXT NOT NULL DEFAULT 'bot';

-- AlterTable
ALTER TABLE "bot_reported" ADD COLUMN     "highest_version" INTEGER,
ADD COLUMN     "previous_boot_id" UUID;

-- Metrics move to time partitions in a schema of their own, which Prisma does not look at: one partition a day (UTC), made
-- ahead by metrics.make_partitions, dropped whole by metrics.drop_partitions; what fits no day waits in the default one.
CREATE SCHEMA "metrics";

CREATE TABLE "metrics"."bot_metric" (
    "bot_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    -- SHA-256 over the canonical labels.
    "labels_hash" BYTEA NOT NULL,
    "labels" JSONB NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "bot_metric_pkey" PRIMARY KEY ("bot_id", "name", "timestamp", "labels_hash")
) PARTITION BY RANGE ("timestamp");

CREATE TABLE "metrics"."bot_metric_default" PARTITION OF "metrics"."bot_metric" DEFAULT;

-- Makes the partitions of the days from "first" to "last" that are missing; rows that waited in the default partition
-- move over. Answers how many were made. Runs as the owner of the tables: the app's role owns none.
CREATE FUNCTION "metrics"."make_partitions"("first" date, "last" date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date;
  partition text;
  made integer := 0;
BEGIN
  IF "last" - "first" > 400 THEN RAISE EXCEPTION 'more than 400 days'; END IF;
  -- Two at a time would both make the same day.
  PERFORM pg_advisory_xact_lock(hashtext('metrics.make_partitions'));
  FOR day IN SELECT generate_series("first"::timestamp, "last"::timestamp, interval '1 day')::date LOOP
    partition := 'bot_metric_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('metrics.' || partition) IS NOT NULL;
    EXECUTE format('CREATE TABLE metrics.%I (LIKE metrics.bot_metric INCLUDING ALL)', partition);
    LOCK TABLE metrics.bot_metric_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format(
      'WITH moved AS (DELETE FROM metrics.bot_metric_default WHERE "timestamp" >= %1$L AND "timestamp" < %2$L RETURNING *)
       INSERT INTO metrics.%3$I SELECT * FROM moved',
      day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC', partition);
    EXECUTE format(
      'ALTER TABLE metrics.bot_metric ATTACH PARTITION metrics.%I FOR VALUES FROM (%L) TO (%L)',
      partition, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- Drops the partitions of the days before "before", and what is older in the default one. Answers how many were dropped.
CREATE FUNCTION "metrics"."drop_partitions"("before" date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  partition text;
  dropped integer := 0;
BEGIN
  FOR partition IN
    SELECT relname FROM pg_class WHERE relnamespace = 'metrics'::regnamespace AND relkind = 'r'
      AND relname ~ '^bot_metric_[0-9]{8}$' AND to_date(right(relname, 8), 'YYYYMMDD') < "before"
    ORDER BY relname
  LOOP
    EXECUTE format('DROP TABLE metrics.%I', partition);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM metrics.bot_metric_default WHERE "timestamp" < "before"::timestamp AT TIME ZONE 'UTC';
  RETURN dropped;
END
$$;

SELECT "metrics"."make_partitions"(((now() AT TIME ZONE 'UTC')::date - 1), ((now() AT TIME ZONE 'UTC')::date + 7));

INSERT INTO "metrics"."bot_metric" ("bot_id", "name", "timestamp", "labels_hash", "labels", "value")
SELECT "bot_id", "name", "timestamp", decode(substr("labels_hash", 8), 'hex'), "labels", "value" FROM "bot_metric";

-- DropTable
DROP TABLE "bot_metric";

-- CreateTable
CREATE TABLE "credential_request" (
    "id" UUID NOT NULL,
    "bot_id" UUID NOT NULL,
    "credential_id" UUID NOT NULL,
    "request" JSONB NOT NULL,
    "request_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "code" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "credential_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "change_log" (
    "id" BIGSERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "topic" TEXT NOT NULL,
    "ids" TEXT[],
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "change_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receiver_clock" (
    "singleton" BOOLEAN NOT NULL DEFAULT true,
    "last_alive_at" TIMESTAMPTZ(3) NOT NULL,
    "gap_started_at" TIMESTAMPTZ(3),
    "gap_ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "receiver_clock_pkey" PRIMARY KEY ("singleton")
);

-- CreateTable
CREATE TABLE "bot_presence" (
    "bot_id" UUID NOT NULL,
    "online" BOOLEAN NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "bot_presence_pkey" PRIMARY KEY ("bot_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "credential_request_request_hash_key" ON "credential_request"("request_hash");

-- CreateIndex
CREATE INDEX "credential_request_state_created_at_idx" ON "credential_request"("state", "created_at");

-- CreateIndex
CREATE INDEX "change_log_xid_idx" ON "change_log"("xid");

-- CreateIndex
CREATE INDEX "change_log_at_idx" ON "change_log"("at");

-- CreateIndex
CREATE INDEX "bot_credential_replaces_id_idx" ON "bot_credential"("replaces_id");

-- CreateIndex
CREATE INDEX "bot_event_bot_id_received_at_id_idx" ON "bot_event"("bot_id", "received_at", "id");
