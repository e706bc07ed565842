-- AlterTable
ALTER TABLE "bot" ADD COLUMN     "trading_held" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "machine" ADD COLUMN     "never_reported" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "reports_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "orphan_machine" (
    "driver" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "bot_id" UUID NOT NULL,
    "generation" INTEGER NOT NULL,
    "monthly_usd" DECIMAL(10,2),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "approved_at" TIMESTAMPTZ(3),
    "approved_by" TEXT,
    "destroyed_at" TIMESTAMPTZ(3),

    CONSTRAINT "orphan_machine_pkey" PRIMARY KEY ("driver","provider_id")
);

-- CreateIndex
CREATE INDEX "bot_trading_held_idx" ON "bot"("trading_held");
