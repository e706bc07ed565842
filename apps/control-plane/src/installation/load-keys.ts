import { DomainError } from '@trawling/contracts';
import { Ed25519PrivateJwk, type Keyring, X25519PrivateJwk } from '@trawling/crypto';
import { activeControlPlaneKeys, findInstallation, type Transaction, useSigningKey } from '@trawling/database';
import { type Logger } from '@trawling/runtime';

export type SigningKey = { kid: string; privateJwk: Ed25519PrivateJwk };
export type TokenSealingKey = { kid: string; privateJwk: X25519PrivateJwk };

/** The key that signs in this transaction. Asked of the database each time, so that a rotation holds for every process from its commit on. */
export type SigningKeySource = (tx: Transaction) => Promise<SigningKey>;

/** What binds a stored private key to its place. */
export const keyContext = (kid: string): { control_plane_key: string } => ({ control_plane_key: kid });

/** Opens a key once and remembers it: which one is asked each time, its value cannot change. */
export function createSigningKeySource(keyring: Keyring): SigningKeySource {
  let opened: SigningKey | null = null;
  return async (tx) => {
    const row = await useSigningKey(tx);
    if (!row) throw new Error('This database has no signing key: run "admin init" again');
    if (opened?.kid !== row.kid) opened = openSigningKey(keyring, row);
    return opened;
  };
}

/** For a server: without the master key of the key that signs, changes wait (503) until the operator has put it back. */
export function orUnavailable(source: SigningKeySource, logger: Logger): SigningKeySource {
  return async (tx) => {
    try {
      return await source(tx);
    } catch (error) {
      if (!(error instanceof KeyNotOpenedError)) throw error;
      logger.error({ kid: error.kid, err: error }, 'nothing can be signed: put the master key of the signing key into MASTER_KEYS and restart');
      throw new DomainError('unavailable', 'Changes cannot be signed at the moment.');
    }
  };
}

const openSigningKey = (keyring: Keyring, row: StoredKey): SigningKey => ({ kid: row.kid, privateJwk: Ed25519PrivateJwk.parse(open(keyring, row)) });

/**
 * The control plane's own keys, opened once at start. Throws a sentence for the operator when the installation was not
 * initialised or the master keys are not the ones it was initialised with.
 */
export async function loadKeys(deps: { db: Transaction; keyring: Keyring }): Promise<{
  signingKey: SigningKey;
  tokenSealingKeys: TokenSealingKey[];
  queueBackend: string;
}> {
  const { db, keyring } = deps;
  const installation = await findInstallation(db);
  if (!installation) throw new Error('This database is not initialised yet: run "admin init" first');
  const [signing] = await activeControlPlaneKeys(db, 'signing');
  if (!signing) throw new Error('This database has no signing key: run "admin init" again');
  const sealing = await activeControlPlaneKeys(db, 'token-sealing');
  return {
    signingKey: openSigningKey(keyring, signing),
    tokenSealingKeys: sealing.map((row) => ({ kid: row.kid, privateJwk: X25519PrivateJwk.parse(open(keyring, row)) })),
    queueBackend: installation.queueBackend,
  };
}

/** Throws a sentence for the operator when a private half of ours does not open; for what must be known before anything is written. */
export function assertKeysOpen(keyring: Keyring, rows: readonly StoredKey[]): void {
  for (const row of rows) open(keyring, row);
}

/** A master key is missing, or is another one of the same id. */
class KeyNotOpenedError extends Error {
  constructor(
    readonly kid: string,
    cause: unknown,
  ) {
    super(`MASTER_KEYS does not open the key ${kid}: it lacks the master key this installation was made with`, { cause });
    this.name = 'KeyNotOpenedError';
  }
}

type StoredKey = { kid: string; privateKey: string };

function open(keyring: Keyring, row: StoredKey): unknown {
  try {
    return JSON.parse(keyring.unwrap(row.privateKey, keyContext(row.kid)).toString('utf8'));
  } catch (error) {
    throw new KeyNotOpenedError(row.kid, error);
  }
}
