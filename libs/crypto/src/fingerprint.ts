import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { type MasterKey, parseMasterKeys } from './keyring.js';

export type Fingerprint = {
  /** `hmac-sha256:<key id>:<hex>` under the current master key: whoever has no key cannot try out what was in the text. */
  of: (text: string) => string;
  /** Whether this text gave that fingerprint. False also when the key it was made with is no longer there. */
  matches: (fingerprint: string, text: string) => boolean;
};

/** Recognises texts that may hold a secret without keeping anything to guess it by. */
export function createFingerprint(masterKeys: string | readonly MasterKey[]): Fingerprint {
  const masters = typeof masterKeys === 'string' ? parseMasterKeys(masterKeys) : masterKeys;
  // A key of its own for this purpose: a master key does nothing but wrap.
  const keys = masters.map(({ id, key }) => ({ id, key: Buffer.from(hkdfSync('sha256', key, '', 'trawling-fingerprint-v1', 32)) }));
  const [current] = keys;
  if (!current) throw new Error('MASTER_KEYS: at least one key is needed');
  const mac = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('hex');
  return {
    of: (text) => `hmac-sha256:${current.id}:${mac(current.key, text)}`,
    matches(fingerprint, text) {
      const [, id, hex] = /^hmac-sha256:([^:]+):([0-9a-f]{64})$/.exec(fingerprint) ?? [];
      const key = keys.find((candidate) => candidate.id === id)?.key;
      return key !== undefined && hex !== undefined && timingSafeEqual(Buffer.from(hex), Buffer.from(mac(key, text)));
    },
  };
}
