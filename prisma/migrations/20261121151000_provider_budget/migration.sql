-- CreateTable
CREATE TABLE "provider_budget" (
    "provider" TEXT NOT NULL,
    "state" JSONB,
    "revision" BIGINT NOT NULL DEFAULT 0,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "provider_budget_pkey" PRIMARY KEY ("provider")
);
