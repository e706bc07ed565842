-- AlterTable
ALTER TABLE "installation" ADD COLUMN     "fleet_account" TEXT;
