import type { Ed25519PublicJwk, X25519PublicJwk } from '@trawling/contracts';
import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;
export type InstallationRow = Prisma.InstallationGetPayload<object>;

/** What this installation is; null before `admin init`. */
export async function findInstallation(tx: Tx): Promise<InstallationRow | null> {
  return tx.installation.findUnique({ where: { singleton: true } });
}

export async function insertInstallation(
  tx: Tx,
  row: {
    id: string;
    queueBackend: string;
    rootPublicJwk: Ed25519PublicJwk;
    tokenSealingJwk: X25519PublicJwk;
    keySet: string;
    createdAt: Date;
  },
): Promise<void> {
  await tx.installation.create({ data: row });
}

/** The keys agents may trust from now on, as the root key signed them. */
export async function replaceKeySet(tx: Tx, keySet: string): Promise<void> {
  await tx.installation.update({ where: { singleton: true }, data: { keySet } });
}

/** Two `init` at once take turns: the second finds what the first made. Held until the transaction ends. */
export async function lockInstallation(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('trawling.installation'))`;
}
