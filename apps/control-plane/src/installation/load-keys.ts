import { Ed25519PrivateJwk, type Keyring, X25519PrivateJwk } from '@trawling/crypto';
import { activeControlPlaneKeys, findInstallation, type Transaction } from '@trawling/database';

export type SigningKey = { kid: string; privateJwk: Ed25519PrivateJwk };
export type TokenSealingKey = { kid: string; privateJwk: X25519PrivateJwk };

/** What binds a stored private key to its place. */
export const keyContext = (kid: string): { control_plane_key: string } => ({ control_plane_key: kid });

/**
 * The control plane's own keys, opened once at start. Throws a sentence for the operator when the installation was not
 * initialised or the master keys are not the ones it was initialised with.
 */
export async function loadKeys(deps: { db: Transaction; keyring: Keyring }): Promise<{
  signingKey: SigningKey;
  tokenSealingKeys: TokenSealingKey[];
  queueBackend: string;
}> {
  const installation = await findInstallation(deps.db);
  if (!installation) throw new Error('This database is not initialised yet: run "admin init" first');
  const open = (row: { kid: string; privateKey: string }): unknown => {
    try {
      return JSON.parse(deps.keyring.unwrap(row.privateKey, keyContext(row.kid)).toString('utf8'));
    } catch (error) {
      throw new Error(`MASTER_KEYS does not open the key ${row.kid}: it lacks the master key this installation was made with`, { cause: error });
    }
  };
  const [signing] = await activeControlPlaneKeys(deps.db, 'signing');
  if (!signing) throw new Error('This database has no signing key: run "admin init" again');
  const sealing = await activeControlPlaneKeys(deps.db, 'token-sealing');
  return {
    signingKey: { kid: signing.kid, privateJwk: Ed25519PrivateJwk.parse(open(signing)) },
    tokenSealingKeys: sealing.map((row) => ({ kid: row.kid, privateJwk: X25519PrivateJwk.parse(open(row)) })),
    queueBackend: installation.queueBackend,
  };
}
