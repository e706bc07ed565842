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
}

const columns = `
  c.id AS "credentialId", c.bot_id AS "botId", c.generation, c.secret_hash AS "secretHash",
  c.revoked_at AS "revokedAt", c.revoked_reason AS "revokedReason",
  b.machine_generation AS "currentGeneration", b.decommission_requested_at AS "decommissionRequestedAt"`;

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
});
