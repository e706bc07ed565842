import { type Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

export type IdempotencyClaim =
  | { state: 'claimed' }
  | { state: 'taken'; requestHash: string; status: number | null; body: Prisma.JsonValue };

/**
 * Claims a key for this transaction. Another transaction that holds the same key is waited for: when it commits we see
 * its answer, when it rolls back the key is ours. Keys older than 24 hours are free again.
 */
export async function claimIdempotencyKey(
  tx: Tx,
  claim: { apiKeyId: string; key: string; requestHash: string },
): Promise<IdempotencyClaim> {
  const claimed = await tx.$queryRaw<unknown[]>`
    INSERT INTO idempotency_key (api_key_id, key, request_hash)
    VALUES (${claim.apiKeyId}::uuid, ${claim.key}, ${claim.requestHash})
    ON CONFLICT (api_key_id, key) DO UPDATE
      SET request_hash = excluded.request_hash, status = NULL, body = NULL, created_at = now()
      WHERE idempotency_key.created_at < now() - interval '24 hours'
    RETURNING 1`;
  if (claimed.length > 0) return { state: 'claimed' };
  const row = await tx.idempotencyKey.findUniqueOrThrow({
    where: { apiKeyId_key: { apiKeyId: claim.apiKeyId, key: claim.key } },
  });
  return { state: 'taken', requestHash: row.requestHash, status: row.status, body: row.body };
}

/** Keeps the answer beside the change, in its transaction. */
export async function saveIdempotentAnswer(
  tx: Tx,
  claim: { apiKeyId: string; key: string },
  answer: { status: number; body: unknown },
): Promise<void> {
  const { apiKeyId, key } = claim;
  const body: Prisma.InputJsonValue = JSON.parse(JSON.stringify(answer.body));
  await tx.idempotencyKey.update({ where: { apiKeyId_key: { apiKeyId, key } }, data: { status: answer.status, body } });
}

/** Deletes keys older than 24 hours; returns how many. */
export async function deleteExpiredIdempotencyKeys(tx: Tx): Promise<number> {
  return tx.$executeRaw`DELETE FROM idempotency_key WHERE created_at < now() - interval '24 hours'`;
}
