-- AlterTable
ALTER TABLE "sealed_secret" ADD COLUMN     "signed_by" TEXT;
