import type { ProblemCode } from '@trawling/contracts';
import type { Prisma } from '../generated/prisma/client.js';
import { deleteSealedForRevoked } from './bot-secret.store.js';

type Tx = Prisma.TransactionClient;
/** A machine's request that waits for a verdict. */
export type PendingEnrollment = Prisma.EnrollmentRequestGetPayload<object>;
/** A token while we hold its row; expired by the database's clock. */
export type LockedEnrollmentToken = Prisma.EnrollmentTokenGetPayload<object> & { expired: boolean };
export type BotCredentialRow = Prisma.BotCredentialGetPayload<object>;

/** Requests nobody has decided, oldest first. */
export async function pendingEnrollments(tx: Tx, limit: number): Promise<{ id: string; botId: string }[]> {
  return tx.enrollmentRequest.findMany({
    where: { state: 'pending' },
    orderBy: { createdAt: 'asc' },
    select: { id: true, botId: true },
    take: limit,
  });
}

/** The request if it is still undecided, locked; null when it is decided or another process decides it right now. */
export async function lockPendingEnrollment(tx: Tx, id: string): Promise<PendingEnrollment | null> {
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM enrollment_request WHERE id = ${id}::uuid AND state = 'pending' FOR UPDATE SKIP LOCKED`;
  return locked.length === 0 ? null : tx.enrollmentRequest.findUnique({ where: { id } });
}

export async function decideEnrollmentRequest(
  tx: Tx,
  id: string,
  decision: { state: 'accepted' } | { state: 'refused'; code: ProblemCode; reason: string },
  at: Date,
): Promise<void> {
  await tx.enrollmentRequest.update({ where: { id }, data: { ...decision, decidedAt: at } });
}

/** The tokens of one bot's generation, locked, and whether each has expired by the database's clock. */
export async function lockEnrollmentTokens(
  tx: Tx,
  of: { botId: string; generation: number },
): Promise<LockedEnrollmentToken[]> {
  const rows = await tx.$queryRaw<{ id: string; expired: boolean }[]>`
    SELECT id, expires_at <= now() AS expired FROM enrollment_token
    WHERE bot_id = ${of.botId}::uuid AND generation = ${of.generation} ORDER BY id FOR UPDATE`;
  const expired = new Map(rows.map((row) => [row.id, row.expired]));
  const tokens = await tx.enrollmentToken.findMany({ where: of, orderBy: { createdAt: 'asc' } });
  return tokens.map((token) => ({ ...token, expired: expired.get(token.id) ?? true }));
}

export async function markTokenUsed(tx: Tx, id: string, usedBy: string, at: Date): Promise<void> {
  await tx.enrollmentToken.update({ where: { id }, data: { usedAt: at, usedBy } });
}

export async function findCredential(tx: Tx, id: string): Promise<BotCredentialRow | null> {
  return tx.botCredential.findUnique({ where: { id } });
}

/** Takes the right to talk from every machine of the bot that has it, because a newer one takes over. */
export async function supersedeCredentials(tx: Tx, botId: string, at: Date): Promise<void> {
  await tx.botCredential.updateMany({
    where: { botId, revokedAt: null },
    data: { revokedAt: at, revokedReason: 'superseded' },
  });
  await deleteSealedForRevoked(tx, botId);
}

export async function insertCredential(
  tx: Tx,
  credential: {
    id: string;
    botId: string;
    generation: number;
    secretHash: string;
    identityJwk: Prisma.InputJsonObject;
    sealingJwk: Prisma.InputJsonObject;
    createdAt: Date;
    /** The one it is to take over from with its first use. */
    replacesId?: string;
  },
): Promise<void> {
  await tx.botCredential.create({ data: credential });
}
