import type { ProblemCode, RotateCredentialRequest } from '@trawling/contracts';
import { notify } from '../change-feed/notify.js';
import type { Prisma } from '../generated/prisma/client.js';
import type { Transaction } from '../prisma.js';
import type { Queryable } from '../queryable.js';
import { deleteSealedForRevoked } from './bot-secret.store.js';

type Tx = Prisma.TransactionClient;

export interface CredentialRequestRow {
  state: string;
  /** Problem code when refused. */
  code: string | null;
  reason: string | null;
}

export interface NewCredentialRequest {
  id: string;
  botId: string;
  /** The credential it came under. */
  credentialId: string;
  request: RotateCredentialRequest;
  requestHash: string;
}

/** Where the sync-adapter finds the control plane's verdicts on rotations. */
export const credentialRequestInboxStore = (db: Queryable) => ({
  async findCredentialRequest(requestHash: string): Promise<CredentialRequestRow | null> {
    const { rows } = await db.query<CredentialRequestRow>({
      name: 'find-credential-request',
      text: 'SELECT state, code, reason FROM credential_request WHERE request_hash = $1',
      values: [requestHash],
    });
    return rows[0] ?? null;
  },
});

/** Leaves the request for the control plane and tells it once committed; the same request again changes nothing. */
export async function insertCredentialRequest(tx: Transaction, row: NewCredentialRequest): Promise<void> {
  const { count } = await tx.credentialRequest.createMany({ data: [row], skipDuplicates: true });
  if (count > 0) await notify(tx, { topic: 'credential_requested', ids: [row.botId] });
}

/** A rotation that waits for a verdict. */
export type PendingRotation = Prisma.CredentialRequestGetPayload<object>;

/** Requests nobody has decided, oldest first. */
export async function pendingRotations(tx: Tx, limit: number): Promise<{ id: string; botId: string }[]> {
  return tx.credentialRequest.findMany({
    where: { state: 'pending' },
    orderBy: { createdAt: 'asc' },
    select: { id: true, botId: true },
    take: limit,
  });
}

/** The request if it is still undecided, locked; null when it is decided or another process decides it right now. */
export async function lockPendingRotation(tx: Tx, id: string): Promise<PendingRotation | null> {
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM credential_request WHERE id = ${id}::uuid AND state = 'pending' FOR UPDATE SKIP LOCKED`;
  return locked.length === 0 ? null : tx.credentialRequest.findUnique({ where: { id } });
}

export async function decideRotationRequest(
  tx: Tx,
  id: string,
  decision: { state: 'accepted' } | { state: 'refused'; code: ProblemCode; reason: string },
  at: Date,
): Promise<void> {
  await tx.credentialRequest.update({ where: { id }, data: { ...decision, decidedAt: at } });
}

export type CandidateRow = { id: string; firstUsedAt: Date | null };

/**
 * What was made to take over from a credential and is not revoked, locked: the first use, which another process may see
 * at any moment, waits for our commit.
 */
export async function lockCandidates(tx: Tx, replacesId: string): Promise<CandidateRow[]> {
  return tx.$queryRaw<CandidateRow[]>`
    SELECT id, first_used_at AS "firstUsedAt" FROM bot_credential
    WHERE replaces_id = ${replacesId}::uuid AND revoked_at IS NULL ORDER BY id FOR UPDATE`;
}

/** Credentials whose successor was used and that are not revoked yet, with the bot. */
export async function replacedCredentials(tx: Tx, limit: number): Promise<{ id: string; botId: string }[]> {
  return tx.$queryRaw<{ id: string; botId: string }[]>`
    SELECT DISTINCT old.id, old.bot_id AS "botId"
    FROM bot_credential next JOIN bot_credential old ON old.id = next.replaces_id
    WHERE next.first_used_at IS NOT NULL AND old.revoked_at IS NULL LIMIT ${limit}`;
}

/** Takes the right to talk from credentials that a rotation left behind, and forgets what was sealed to them. Answers how many had it. */
export async function revokeRotated(tx: Tx, input: { botId: string; credentialIds: string[]; at: Date }): Promise<number> {
  const { botId, credentialIds, at } = input;
  const { count } = await tx.botCredential.updateMany({
    where: { id: { in: credentialIds }, botId, revokedAt: null },
    data: { revokedAt: at, revokedReason: 'rotated' },
  });
  await deleteSealedForRevoked(tx, botId);
  return count;
}
