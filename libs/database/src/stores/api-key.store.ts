import type { Role } from '@trawling/contracts';
import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;
export type ApiKeyRow = Prisma.ApiKeyGetPayload<object>;

export async function findApiKey(tx: Tx, id: string): Promise<ApiKeyRow | null> {
  return tx.apiKey.findUnique({ where: { id } });
}

export async function insertApiKey(
  tx: Tx,
  key: { id: string; name: string; role: Role; ownerId: string | null; secretHash: string; createdAt: Date },
): Promise<void> {
  await tx.apiKey.create({ data: key });
}

/** False when there is no such key; revoking twice keeps the first time. */
export async function revokeApiKeyRow(tx: Tx, id: string, at: Date): Promise<boolean> {
  await tx.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
  return (await tx.apiKey.count({ where: { id } })) === 1;
}
