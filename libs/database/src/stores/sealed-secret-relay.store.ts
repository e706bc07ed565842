import type { Queryable } from '../queryable.js';

export interface SealedSecretRow {
  name: string;
  version: number;
  /** JWE to the machine's sealing key: nobody in between can open it. */
  jwe: string;
}

/** Reads what the control plane sealed for one machine. */
export const sealedSecretRelayStore = (db: Queryable) => ({
  async listSealedSecrets(botId: string, credentialId: string): Promise<SealedSecretRow[]> {
    const { rows } = await db.query<SealedSecretRow>({
      name: 'list-sealed-secrets',
      text: `
        SELECT name, version, jwe FROM sealed_secret
        WHERE bot_id = $1 AND credential_id = $2 ORDER BY name, version`,
      values: [botId, credentialId],
    });
    return rows;
  },
});
