-- CreateTable
CREATE TABLE "installation" (
    "singleton" BOOLEAN NOT NULL DEFAULT true,
    "id" UUID NOT NULL,
    "queue_backend" TEXT NOT NULL,
    "root_public_jwk" JSONB NOT NULL,
    "token_sealing_jwk" JSONB NOT NULL,
    "key_set" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "installation_pkey" PRIMARY KEY ("singleton")
);

-- CreateTable
CREATE TABLE "control_plane_key" (
    "kid" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "private_key" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "control_plane_key_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "owner_id" TEXT,
    "secret_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_key" (
    "api_key_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "status" INTEGER,
    "body" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("api_key_id","key")
);

-- CreateTable
CREATE TABLE "bot" (
    "id" UUID NOT NULL,
    "owner_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "settings" JSONB NOT NULL,
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "desired_version" INTEGER NOT NULL,
    "machine_generation" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decommission_requested_at" TIMESTAMPTZ(3),
    "decommissioned_at" TIMESTAMPTZ(3),

    CONSTRAINT "bot_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "config_version" (
    "bot_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "settings" JSONB NOT NULL,
    "paused" BOOLEAN NOT NULL,
    "reason" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "issued_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "config_version_pkey" PRIMARY KEY ("bot_id","version")
);

-- CreateTable
CREATE TABLE "config_signature" (
    "bot_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "kid" TEXT NOT NULL,
    "jws" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "config_signature_pkey" PRIMARY KEY ("bot_id","version","kid")
);

-- CreateTable
CREATE TABLE "bot_secret" (
    "bot_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "ciphertext" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "bot_secret_pkey" PRIMARY KEY ("bot_id","name","version")
);

-- CreateTable
CREATE TABLE "sealed_secret" (
    "bot_id" UUID NOT NULL,
    "credential_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "jwe" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sealed_secret_pkey" PRIMARY KEY ("bot_id","credential_id","name","version")
);

-- CreateTable
CREATE TABLE "enrollment_token" (
    "id" UUID NOT NULL,
    "bot_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "sealed_secret" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),
    "used_by" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "enrollment_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "enrollment_request" (
    "id" UUID NOT NULL,
    "bot_id" UUID NOT NULL,
    "token_id" UUID NOT NULL,
    "request" JSONB NOT NULL,
    "request_hash" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "code" TEXT,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "decided_at" TIMESTAMPTZ(3),

    CONSTRAINT "enrollment_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "bot_credential" (
    "id" UUID NOT NULL,
    "bot_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "identity_jwk" JSONB NOT NULL,
    "sealing_jwk" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),
    "revoked_reason" TEXT,

    CONSTRAINT "bot_credential_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine" (
    "bot_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "driver" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "provider_id" TEXT,
    "deadline" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3),
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "boot_stage" TEXT,
    "boot_error" TEXT,
    "lease_owner" TEXT,
    "lease_epoch" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "state_since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "machine_pkey" PRIMARY KEY ("bot_id","generation")
);

-- CreateTable
CREATE TABLE "bot_reported" (
    "bot_id" UUID NOT NULL,
    "applied_version" INTEGER,
    "applied_hash" TEXT,
    "last_seen_version" INTEGER,
    "generation" INTEGER,
    "boot_id" UUID,
    "sequence" BIGINT,
    "status" JSONB,
    "last_heartbeat_at" TIMESTAMPTZ(3),
    "lease_expires_at" TIMESTAMPTZ(3),

    CONSTRAINT "bot_reported_pkey" PRIMARY KEY ("bot_id")
);

-- CreateTable
CREATE TABLE "config_ack" (
    "bot_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "outcome" TEXT NOT NULL,
    "error" JSONB,
    "applied_at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "config_ack_pkey" PRIMARY KEY ("bot_id","version")
);

-- CreateTable
CREATE TABLE "bot_event" (
    "bot_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "type" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bot_event_pkey" PRIMARY KEY ("bot_id","id")
);

-- CreateTable
CREATE TABLE "bot_metric" (
    "bot_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "timestamp" TIMESTAMPTZ(3) NOT NULL,
    "labels_hash" TEXT NOT NULL,
    "labels" JSONB NOT NULL,
    "value" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "bot_metric_pkey" PRIMARY KEY ("bot_id","name","timestamp","labels_hash")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" UUID NOT NULL,
    "bot_id" UUID,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "request_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_build" (
    "sha256" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "content" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_build_pkey" PRIMARY KEY ("sha256")
);

-- CreateIndex
CREATE INDEX "idempotency_key_created_at_idx" ON "idempotency_key"("created_at");

-- CreateIndex
CREATE INDEX "bot_owner_id_id_idx" ON "bot"("owner_id", "id");

-- CreateIndex
CREATE INDEX "enrollment_token_bot_id_generation_idx" ON "enrollment_token"("bot_id", "generation");

-- CreateIndex
CREATE UNIQUE INDEX "enrollment_request_request_hash_key" ON "enrollment_request"("request_hash");

-- CreateIndex
CREATE INDEX "enrollment_request_state_created_at_idx" ON "enrollment_request"("state", "created_at");

-- CreateIndex
CREATE INDEX "bot_credential_bot_id_idx" ON "bot_credential"("bot_id");

-- CreateIndex
CREATE INDEX "machine_state_idx" ON "machine"("state");

-- CreateIndex
CREATE INDEX "bot_event_bot_id_type_id_idx" ON "bot_event"("bot_id", "type", "id");

-- CreateIndex
CREATE INDEX "audit_entry_bot_id_id_idx" ON "audit_entry"("bot_id", "id");

-- AddForeignKey
ALTER TABLE "config_version" ADD CONSTRAINT "config_version_bot_id_fkey" FOREIGN KEY ("bot_id") REFERENCES "bot"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "config_signature" ADD CONSTRAINT "config_signature_bot_id_version_fkey" FOREIGN KEY ("bot_id", "version") REFERENCES "config_version"("bot_id", "version") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine" ADD CONSTRAINT "machine_bot_id_fkey" FOREIGN KEY ("bot_id") REFERENCES "bot"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
