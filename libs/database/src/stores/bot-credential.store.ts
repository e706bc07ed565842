import { notify } from '../change-feed/notify.js';
import type { Transaction } from '../prisma.js';
import type { Queryable } from '../queryable.js';

/** A machine's credential with what decides whether it may still speak for its bot. */
export interface CredentialRow {
  credentialId: string;
  botId: string;
  generation: number;
  /** sha256:<hex> of the whole credential. */
  secretHash: string;
  revokedAt: Date | null;
  revokedReason: string | null;
  /** Newest machine generation wanted for the bot. */
  currentGeneration: number;
  decommissionRequestedAt: Date | null;
  /** Made by a rotation and not used yet: whoever accepts it must take it into use first (takeIntoUse). */
  candidate: boolean;
  /** The candidate that was to take over from it was used: it is good for nothing any more. */
  replaced: boolean;
}

const columns = `
  c.id AS "credentialId", c.bot_id AS "botId", c.generation, c.secret_hash AS "secretHash",
  c.revoked_at AS "revokedAt", c.revoked_reason AS "revokedReason",
  b.machine_generation AS "currentGeneration", b.decommission_requested_at AS "decommissionRequestedAt",
  c.replaces_id IS NOT NULL AND c.first_used_at IS NULL AS candidate,
  EXISTS (SELECT FROM bot_credential n WHERE n.replaces_id = c.id AND n.first_used_at IS NOT NULL) AS replaced`;

/** Reads credentials; rows stay after revocation, so that a revoked machine still hears why. */
export const botCredentialStore = (db: Queryable) => ({
  async findCredential(credentialId: string): Promise<CredentialRow | null> {
    const { rows } = await db.query<CredentialRow>({
      name: 'find-credential',
      text: `SELECT ${columns} FROM bot_credential c JOIN bot b ON b.id = c.bot_id WHERE c.id = $1`,
      values: [credentialId],
    });
    return rows[0] ?? null;
  },

  /** Those of these that there are, in any order. */
  async findCredentials(credentialIds: readonly string[]): Promise<CredentialRow[]> {
    const { rows } = await db.query<CredentialRow>({
      name: 'find-credentials',
      text: `SELECT ${columns} FROM bot_credential c JOIN bot b ON b.id = c.bot_id WHERE c.id = ANY($1::uuid[])`,
      values: [credentialIds],
    });
    return rows;
  },
});

/**
 * The candidate of a rotation becomes its bot's credential; from this commit on the one before it is `replaced`, and every
 * replica is told. False when it may not: it was revoked, or the one it was to take over from was.
 */
export async function takeIntoUse(tx: Transaction, credential: { credentialId: string; botId: string }): Promise<boolean> {
  const { credentialId, botId } = credential;
  const taken = await tx.$executeRaw`
    UPDATE bot_credential c SET first_used_at = now()
    WHERE c.id = ${credentialId}::uuid AND c.first_used_at IS NULL AND c.revoked_at IS NULL
      AND EXISTS (SELECT FROM bot_credential old WHERE old.id = c.replaces_id AND old.revoked_at IS NULL)`;
  if (taken > 0) {
    await notify(tx, { topic: 'credential', ids: [botId] });
    return true;
  }
  // Another request, maybe on another replica, was the first.
  return (await tx.botCredential.count({ where: { id: credentialId, firstUsedAt: { not: null }, revokedAt: null } })) > 0;
}
