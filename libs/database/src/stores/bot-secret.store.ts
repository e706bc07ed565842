import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** Newest version of each secret the bot has; the value is an envelope only the control plane's master key opens. */
export type CurrentSecret = { name: string; version: number; ciphertext: string };

export async function currentSecrets(tx: Tx, botId: string): Promise<CurrentSecret[]> {
  return tx.$queryRaw<CurrentSecret[]>`
    SELECT name, version, ciphertext FROM (
      SELECT DISTINCT ON (name) name, version, ciphertext, deleted_at
      FROM bot_secret WHERE bot_id = ${botId}::uuid ORDER BY name, version DESC
    ) newest
    WHERE deleted_at IS NULL ORDER BY name`;
}

/** The number the next value of this secret gets. Deleted versions count, so that a number never means two values. */
export async function nextSecretVersion(tx: Tx, botId: string, name: string): Promise<number> {
  const { _max } = await tx.botSecret.aggregate({ where: { botId, name }, _max: { version: true } });
  return (_max.version ?? 0) + 1;
}

export async function insertSecret(
  tx: Tx,
  secret: { botId: string; name: string; version: number; ciphertext: string; createdAt: Date },
): Promise<void> {
  await tx.botSecret.create({ data: secret });
}

/** Forgets every value of a secret: the rows stay as a record of their numbers, the ciphertexts do not. */
export async function eraseSecret(tx: Tx, botId: string, name: string, at: Date): Promise<void> {
  await tx.botSecret.updateMany({ where: { botId, name, deletedAt: null }, data: { deletedAt: at, ciphertext: '' } });
  await tx.sealedSecret.deleteMany({ where: { botId, name } });
}

/** Forgets the values before `version`: nothing refers to them any more, and a rollback takes the newest. */
export async function eraseOlderSecrets(tx: Tx, botId: string, name: string, version: number): Promise<void> {
  await tx.botSecret.updateMany({ where: { botId, name, version: { lt: version } }, data: { ciphertext: '' } });
  await tx.sealedSecret.deleteMany({ where: { botId, name, version: { lt: version } } });
}

/** What was sealed to machines that may not ask any more, of one bot or of all. Answers how many it was. */
export async function deleteSealedForRevoked(tx: Tx, botId: string | null = null): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM sealed_secret d USING bot_credential c
    WHERE c.id = d.credential_id AND c.revoked_at IS NOT NULL AND (${botId}::uuid IS NULL OR d.bot_id = ${botId}::uuid)`;
}

/** Credentials that are not revoked: whom secrets are sealed to. */
export async function activeCredentials(tx: Tx, botId: string): Promise<Prisma.BotCredentialGetPayload<object>[]> {
  return tx.botCredential.findMany({ where: { botId, revokedAt: null } });
}

/** `signedBy`: the signing key of the JWS inside, so that a rotation knows what to seal again. */
export type NewSealedSecret = { botId: string; credentialId: string; name: string; version: number; jwe: string; signedBy: string };

export async function insertSealedSecrets(tx: Tx, rows: NewSealedSecret[]): Promise<void> {
  await tx.sealedSecret.createMany({ data: rows, skipDuplicates: true });
}
