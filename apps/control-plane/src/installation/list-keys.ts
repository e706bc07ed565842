import { Ed25519PublicJwk } from '@trawling/contracts';
import { type Keyring, verifyKeySet } from '@trawling/crypto';
import { allControlPlaneKeys, countDesiredByKey, countEnvelopes, findInstallation, type Transaction } from '@trawling/database';

export type KeyList = {
  key_set_version: number;
  keys: {
    kid: string;
    purpose: string;
    /** `signs`: new signatures are its; `trusted`: agents still accept it; `opens`: for enrollment tokens; `retired`. */
    state: 'signs' | 'trusted' | 'opens' | 'retired';
    created_at: string;
    retired_at: string | null;
    /** Desired configs it has signed; null for a key that is retired or does not sign configs. */
    configs: number | null;
  }[];
  master_keys: { id: string; current: boolean; in_master_keys: boolean; envelopes: number }[];
};

/** Which keys there are and what still needs them. Shows no private half. */
export async function listKeys(deps: { keyring: Keyring }, tx: Transaction): Promise<KeyList> {
  const installation = await findInstallation(tx);
  if (!installation) throw new Error('This database is not initialised yet: run "admin init" first');
  const rootPublicJwk = Ed25519PublicJwk.parse(installation.rootPublicJwk);
  const keySet = await verifyKeySet({ jws: installation.keySet, rootPublicJwk, minVersion: 0 });
  const rows = await allControlPlaneKeys(tx);
  const signs = rows.find((row) => row.purpose === 'signing' && row.retiredAt === null)?.kid;
  const configs = await countDesiredByKey(tx);
  const envelopes = new Map((await countEnvelopes(tx)).map(({ keyId, secrets, keys }) => [keyId, secrets + keys]));
  const { keyIds } = deps.keyring;
  return {
    key_set_version: keySet.version,
    keys: rows.map(({ kid, purpose, createdAt, retiredAt }) => ({
      kid,
      purpose,
      state: retiredAt ? 'retired' : purpose === 'token-sealing' ? 'opens' : kid === signs ? 'signs' : 'trusted',
      created_at: createdAt.toISOString(),
      retired_at: retiredAt?.toISOString() ?? null,
      configs: retiredAt || purpose !== 'signing' ? null : (configs.get(kid) ?? 0),
    })),
    master_keys: [...new Set([...keyIds, ...envelopes.keys()])].map((id) => ({
      id,
      current: id === keyIds[0],
      in_master_keys: keyIds.includes(id),
      envelopes: envelopes.get(id) ?? 0,
    })),
  };
}

/** A table for people. */
export function describeKeys({ key_set_version, keys, master_keys }: KeyList): string {
  const keyLines = keys.map((key) => `  ${key.kid}  ${key.purpose.padEnd(13)}  ${key.state.padEnd(7)}  ${key.created_at}  ${key.configs === null ? '–' : `${key.configs} configs`}`);
  const masterLines = master_keys.map(
    ({ id, current, in_master_keys, envelopes }) =>
      `  ${id.padEnd(32)}  ${current ? 'current' : in_master_keys ? 'opens' : 'MISSING in MASTER_KEYS'}  ${envelopes} envelopes${in_master_keys && !current && envelopes === 0 ? ': may leave MASTER_KEYS' : ''}`,
  );
  return [`Key set version ${key_set_version}`, ...keyLines, 'Master keys', ...masterLines].join('\n');
}
