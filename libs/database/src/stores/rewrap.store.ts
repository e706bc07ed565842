import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

export type WrappedSecret = { botId: string; name: string; version: number; ciphertext: string };
export type SecretPlace = Pick<WrappedSecret, 'botId' | 'name' | 'version'>;

/** Stored values whose envelope does not begin with `prefix`, in order of their place, after `after`. */
export async function secretsWrappedOtherwise(tx: Tx, prefix: string, page: { after: SecretPlace | null; limit: number }): Promise<WrappedSecret[]> {
  const { botId, name, version } = page.after ?? { botId: '00000000-0000-0000-0000-000000000000', name: '', version: 0 };
  return tx.$queryRaw<WrappedSecret[]>`
    SELECT bot_id AS "botId", name, version, ciphertext FROM bot_secret
    WHERE ciphertext <> '' AND NOT starts_with(ciphertext, ${prefix}) AND (bot_id, name, version) > (${botId}::uuid, ${name}, ${version})
    ORDER BY bot_id, name, version LIMIT ${page.limit}`;
}

/** Puts another envelope in the place of one, unless it was erased or replaced meanwhile. Answers how many were put. */
export async function replaceCiphertexts(tx: Tx, rows: (WrappedSecret & { next: string })[]): Promise<number> {
  return tx.$executeRaw`
    UPDATE bot_secret s SET ciphertext = n.next
    FROM unnest(
      ${rows.map((row) => row.botId)}::uuid[], ${rows.map((row) => row.name)}::text[], ${rows.map((row) => row.version)}::int[],
      ${rows.map((row) => row.ciphertext)}::text[], ${rows.map((row) => row.next)}::text[]
    ) AS n (bot_id, name, version, ciphertext, next)
    WHERE s.bot_id = n.bot_id AND s.name = n.name AND s.version = n.version AND s.ciphertext = n.ciphertext`;
}

/** Private keys of ours whose envelope does not begin with `prefix`. Retired ones have none any more. */
export async function keysWrappedOtherwise(tx: Tx, prefix: string): Promise<{ kid: string; privateKey: string }[]> {
  return tx.$queryRaw<{ kid: string; privateKey: string }[]>`
    SELECT kid, private_key AS "privateKey" FROM control_plane_key
    WHERE private_key <> '' AND NOT starts_with(private_key, ${prefix}) ORDER BY kid`;
}

/** As `replaceCiphertexts`, for one private key. */
export async function replacePrivateKey(tx: Tx, key: { kid: string; privateKey: string; next: string }): Promise<number> {
  const { count } = await tx.controlPlaneKey.updateMany({ where: { kid: key.kid, privateKey: key.privateKey }, data: { privateKey: key.next } });
  return count;
}

/** How many envelopes each master key has, by the id that stands in them. */
export async function countEnvelopes(tx: Tx): Promise<{ keyId: string; secrets: number; keys: number }[]> {
  return tx.$queryRaw<{ keyId: string; secrets: number; keys: number }[]>`
    SELECT split_part(envelope, '.', 2) AS "keyId", count(*) FILTER (WHERE kind = 's')::int AS secrets, count(*) FILTER (WHERE kind = 'k')::int AS keys
    FROM (
      SELECT ciphertext AS envelope, 's' AS kind FROM bot_secret WHERE ciphertext <> ''
      UNION ALL SELECT private_key, 'k' FROM control_plane_key WHERE private_key <> ''
    ) wrapped
    GROUP BY 1 ORDER BY 1`;
}
