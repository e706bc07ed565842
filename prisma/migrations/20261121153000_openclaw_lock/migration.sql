-- CreateTable
CREATE TABLE "openclaw_lock" (
    "sha256" TEXT NOT NULL,
    "openclaw_version" TEXT NOT NULL,
    "packages" JSONB NOT NULL,
    "content" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "openclaw_lock_pkey" PRIMARY KEY ("sha256")
);

-- CreateIndex
CREATE INDEX "openclaw_lock_openclaw_version_created_at_idx" ON "openclaw_lock"("openclaw_version", "created_at");
