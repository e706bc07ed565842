import { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** A desired version that the newest key has not signed. */
export type UnsignedVersion = { botId: string; version: number; hash: string; issuedAt: Date };
/** A sealed secret whose JWS another key made, with what sealing it again takes. */
export type SealedByAnother = { botId: string; credentialId: string; name: string; version: number; sealingJwk: unknown; ciphertext: string };

/**
 * Desired versions without a signature by `kid`, in order of bots above `after`. The bots stay locked until the transaction
 * ends, so that none of them gets another desired version meanwhile. Decommissioned bots hear 410 and need none.
 */
export async function lockVersionsNotSignedBy(tx: Tx, kid: string, page: { after: string | null; limit: number }): Promise<UnsignedVersion[]> {
  return tx.$queryRaw<UnsignedVersion[]>`
    SELECT b.id AS "botId", v.version, v.hash, v.issued_at AS "issuedAt"
    FROM bot b JOIN config_version v ON v.bot_id = b.id AND v.version = b.desired_version
    WHERE ${above(page.after, Prisma.sql`b.id`)} AND b.decommission_requested_at IS NULL
      AND NOT EXISTS (SELECT FROM config_signature s WHERE s.bot_id = v.bot_id AND s.version = v.version AND s.kid = ${kid})
    ORDER BY b.id LIMIT ${page.limit} FOR UPDATE OF b`;
}

export async function insertSignatures(tx: Tx, rows: { botId: string; version: number; kid: string; jws: string }[]): Promise<void> {
  await tx.configSignature.createMany({ data: rows, skipDuplicates: true });
}

/** Bots above `after` that have a sealed secret in use which `kid` did not sign, locked until the transaction ends. */
export async function lockBotsSealedByAnother(tx: Tx, kid: string, page: { after: string | null; limit: number }): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT b.id FROM bot b
    WHERE ${above(page.after, Prisma.sql`b.id`)} AND EXISTS (SELECT FROM ${sealedInUse} AND d.bot_id = b.id AND d.signed_by IS DISTINCT FROM ${kid})
    ORDER BY b.id LIMIT ${page.limit} FOR UPDATE`;
  return rows.map(({ id }) => id);
}

/** What of one bot's sealed secrets has to be sealed again. */
export async function sealedByAnother(tx: Tx, kid: string, botId: string): Promise<SealedByAnother[]> {
  return tx.$queryRaw<SealedByAnother[]>`
    SELECT d.bot_id AS "botId", d.credential_id AS "credentialId", d.name, d.version, c.sealing_jwk AS "sealingJwk", s.ciphertext
    FROM ${sealedInUse} AND d.bot_id = ${botId}::uuid AND d.signed_by IS DISTINCT FROM ${kid}
    ORDER BY d.credential_id, d.name, d.version`;
}

export async function replaceSealedSecret(
  tx: Tx,
  { botId, credentialId, name, version, jwe, signedBy }: { botId: string; credentialId: string; name: string; version: number; jwe: string; signedBy: string },
): Promise<void> {
  await tx.sealedSecret.update({
    where: { botId_credentialId_name_version: { botId, credentialId, name, version } },
    data: { jwe, signedBy },
  });
}

/** Desired versions and sealed secrets in use that none of these keys has signed. */
export async function countSignedByNone(tx: Tx, kids: readonly string[]): Promise<{ configs: number; secrets: number }> {
  const [row] = await tx.$queryRaw<{ configs: number; secrets: number }[]>`
    SELECT
      (SELECT count(*)::int FROM bot b
        WHERE b.decommission_requested_at IS NULL AND NOT EXISTS (
          SELECT FROM config_signature s WHERE s.bot_id = b.id AND s.version = b.desired_version AND s.kid = ANY(${[...kids]}))) AS configs,
      (SELECT count(*)::int FROM ${sealedInUse} AND (d.signed_by IS NULL OR d.signed_by <> ALL(${[...kids]}))) AS secrets`;
  return row ?? { configs: 0, secrets: 0 };
}

/** How many desired versions each key has signed. */
export async function countDesiredByKey(tx: Tx): Promise<Map<string, number>> {
  const rows = await tx.$queryRaw<{ kid: string; count: number }[]>`
    SELECT s.kid, count(*)::int AS count FROM bot b JOIN config_signature s ON s.bot_id = b.id AND s.version = b.desired_version
    WHERE b.decommission_requested_at IS NULL GROUP BY s.kid`;
  return new Map(rows.map(({ kid, count }) => [kid, count]));
}

/** Sealed secrets (d) of machines that may still ask, of values that are not erased (s). */
const sealedInUse = Prisma.sql`sealed_secret d
  JOIN bot_credential c ON c.id = d.credential_id AND c.revoked_at IS NULL
  JOIN bot_secret s ON s.bot_id = d.bot_id AND s.name = d.name AND s.version = d.version AND s.ciphertext <> ''
  WHERE true`;

const above = (after: string | null, id: Prisma.Sql): Prisma.Sql => (after === null ? Prisma.sql`true` : Prisma.sql`${id} > ${after}::uuid`);
