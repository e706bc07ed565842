-- CreateTable
CREATE TABLE "receiver_beat" (
    "kind" TEXT NOT NULL,
    "last_alive_at" TIMESTAMPTZ(3) NOT NULL,
    "gap_started_at" TIMESTAMPTZ(3),
    "gap_ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "receiver_beat_pkey" PRIMARY KEY ("kind")
);

-- What is known of the sync-adapters goes on; receiver_clock stays for those of the release before.
INSERT INTO "receiver_beat" ("kind", "last_alive_at", "gap_started_at", "gap_ended_at")
SELECT 'sync-adapter', "last_alive_at", "gap_started_at", "gap_ended_at" FROM "receiver_clock";

-- CreateTable
CREATE TABLE "service_instance" (
    "instance_id" TEXT NOT NULL,
    "api_key_id" UUID NOT NULL,
    "service_name" TEXT NOT NULL,
    "schema_version" TEXT NOT NULL,
    "sequence" BIGINT NOT NULL,
    "version" TEXT NOT NULL,
    "health" TEXT NOT NULL,
    "details" JSONB NOT NULL,
    "capabilities" TEXT[],
    "concurrent_tasks" INTEGER NOT NULL,
    "queue_length" INTEGER NOT NULL,
    "uptime_seconds" DOUBLE PRECISION NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "lease_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "told_status" TEXT NOT NULL,

    CONSTRAINT "service_instance_pkey" PRIMARY KEY ("instance_id")
);

-- Written again with every status: room for it beside the old row, and no index on what changes (as bot_reported).
ALTER TABLE "service_instance" SET (fillfactor = 50);

-- CreateTable
CREATE TABLE "instance_status_change" (
    "id" BIGSERIAL NOT NULL,
    "instance_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "from_status" TEXT,
    "to_status" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "version" TEXT NOT NULL,

    CONSTRAINT "instance_status_change_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "instance_status_change_instance_id_id_idx" ON "instance_status_change"("instance_id", "id" DESC);

-- CreateIndex
CREATE INDEX "instance_status_change_at_idx" ON "instance_status_change"("at");
