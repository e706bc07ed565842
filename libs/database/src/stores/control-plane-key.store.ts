import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;
export type ControlPlaneKeyRow = Prisma.ControlPlaneKeyGetPayload<object>;
export type KeyPurpose = 'signing' | 'token-sealing';

/** Keys in use, newest first. */
export async function activeControlPlaneKeys(tx: Tx, purpose: KeyPurpose): Promise<ControlPlaneKeyRow[]> {
  return tx.controlPlaneKey.findMany({ where: { purpose, retiredAt: null }, orderBy: { createdAt: 'desc' } });
}

export async function insertControlPlaneKey(
  tx: Tx,
  key: { kid: string; purpose: KeyPurpose; publicJwk: Prisma.InputJsonObject; privateKey: string; createdAt: Date },
): Promise<void> {
  await tx.controlPlaneKey.create({ data: key });
}
