-- AlterTable
ALTER TABLE "enrollment_token" ADD COLUMN     "boot_key" TEXT;
