-- AlterTable
ALTER TABLE "installation" ADD COLUMN     "fleet_database" TEXT;
