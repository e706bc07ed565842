import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;
export type ControlPlaneKeyRow = Prisma.ControlPlaneKeyGetPayload<object>;
export type KeyPurpose = 'signing' | 'token-sealing';

/** Keys in use, newest first. */
export async function activeControlPlaneKeys(tx: Tx, purpose: KeyPurpose): Promise<ControlPlaneKeyRow[]> {
  return tx.controlPlaneKey.findMany({ where: { purpose, retiredAt: null }, orderBy: [{ createdAt: 'desc' }, { kid: 'desc' }] });
}

/** Every key there ever was, newest first. */
export async function allControlPlaneKeys(tx: Tx): Promise<ControlPlaneKeyRow[]> {
  return tx.controlPlaneKey.findMany({ orderBy: [{ createdAt: 'desc' }, { kid: 'desc' }] });
}

export async function insertControlPlaneKey(
  tx: Tx,
  key: { kid: string; purpose: KeyPurpose; publicJwk: Prisma.InputJsonObject; privateKey: string; createdAt: Date },
): Promise<void> {
  await tx.controlPlaneKey.create({ data: key });
}

/** Its row stays, so that its id says something for ever; its private half does not. */
export async function retireControlPlaneKey(tx: Tx, kid: string, at: Date): Promise<void> {
  await tx.controlPlaneKey.update({ where: { kid }, data: { retiredAt: at, privateKey: '' } });
}

/**
 * The key that signs, until the transaction ends: nobody takes it out of use before this transaction is over, and
 * whoever comes after a rotation gets the new key. Read anew each time, so no process has to be told.
 */
export async function useSigningKey(tx: Tx): Promise<Pick<ControlPlaneKeyRow, 'kid' | 'privateKey'> | null> {
  // A statement of its own: what is read after it was committed before the lock was given.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtext('trawling.signing-key'))`;
  const [newest] = await activeControlPlaneKeys(tx, 'signing');
  return newest ?? null;
}

/** Changes of the signing keys take turns, and wait until nobody signs. Held until the transaction ends. */
export async function lockSigningKeys(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('trawling.signing-key'))`;
}
