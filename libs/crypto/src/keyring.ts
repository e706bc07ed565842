import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { canonicalJson } from '@trawling/domain';
import { type JsonValue } from '@trawling/contracts';
import { CryptoError } from './crypto-error.js';

export type MasterKey = { id: string; key: Buffer };

/** What a ciphertext belongs to, e.g. `{ bot_id, name, version }`. It opens only under the same context. */
export type WrapContext = JsonValue;

export type Keyring = {
  /** AES-256-GCM under the current master key: `v1.<key id>.<iv>.<ciphertext>.<tag>`. */
  wrap: (plain: string | Uint8Array, context: WrapContext) => string;
  /** Throws CryptoError: `unknown-key` for a key that is not in MASTER_KEYS, `cannot-open` for anything altered. */
  unwrap: (envelope: string, context: WrapContext) => Buffer;
  /** True for envelopes of older keys: rotation wraps them again. */
  needsRewrap: (envelope: string) => boolean;
  /** The same plaintext under the current key. Throws as `unwrap`. */
  rewrap: (envelope: string, context: WrapContext) => string;
  /** Ids of the keys it has; the first is current. */
  keyIds: readonly string[];
  /** What every envelope of the current key begins with, and no other. */
  currentPrefix: string;
};

/** `id:base64[,id:base64]`, each key 32 bytes, the first is current. Messages never repeat a key. */
export function parseMasterKeys(text: string): MasterKey[] {
  const keys = text.split(',').map((entry, index) => {
    const [, id, encoded] = /^\s*([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(entry) ?? [];
    if (id === undefined || encoded === undefined) throw new Error(`MASTER_KEYS: entry ${index + 1} is not id:base64`);
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== 32) throw new Error(`MASTER_KEYS: the key ${id} has ${key.length} bytes instead of 32`);
    return { id, key };
  });
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error('MASTER_KEYS: two keys have the same id');
  return keys;
}

export function createKeyring(masterKeys: string | readonly MasterKey[]): Keyring {
  const keys = typeof masterKeys === 'string' ? parseMasterKeys(masterKeys) : masterKeys;
  const current = keys[0];
  if (!current) throw new Error('MASTER_KEYS: at least one key is needed');
  const keyring: Keyring = {
    keyIds: keys.map(({ id }) => id),
    currentPrefix: `v1.${current.id}.`,
    wrap(plain, context) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', current.key, iv);
      cipher.setAAD(boundTo(current.id, context));
      const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
      return ['v1', current.id, ...[iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
    },
    unwrap(envelope, context) {
      const { id, iv, ciphertext, tag } = parseEnvelope(envelope);
      const found = keys.find((key) => key.id === id);
      if (!found) throw new CryptoError('unknown-key', `master key ${id} is not in MASTER_KEYS`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', found.key, iv, { authTagLength: 16 });
        decipher.setAAD(boundTo(id, context));
        decipher.setAuthTag(tag);
        return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
      } catch {
        throw new CryptoError('cannot-open', 'the ciphertext was altered or belongs to something else');
      }
    },
    needsRewrap: (envelope) => parseEnvelope(envelope).id !== current.id,
    rewrap: (envelope, context) => keyring.wrap(keyring.unwrap(envelope, context), context),
  };
  return keyring;
}

function parseEnvelope(envelope: string) {
  const [, id, iv, ciphertext, tag] =
    /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{22})$/.exec(envelope) ?? [];
  if (id === undefined || iv === undefined || ciphertext === undefined || tag === undefined) {
    throw new CryptoError('malformed', 'this is not a wrapped secret');
  }
  const parts = { iv: bytes(iv), ciphertext: bytes(ciphertext), tag: bytes(tag) };
  return { id, ...parts };
}

/** Only the one canonical spelling: an altered last character must not go unnoticed. */
function bytes(encoded: string): Buffer {
  const decoded = Buffer.from(encoded, 'base64url');
  if (decoded.toString('base64url') !== encoded) throw new CryptoError('malformed', 'this is not a wrapped secret');
  return decoded;
}

const boundTo = (keyId: string, context: WrapContext): Buffer =>
  Buffer.from(canonicalJson({ purpose: 'trawling-wrap-v1', key: keyId, context }));
