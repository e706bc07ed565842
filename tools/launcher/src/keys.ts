import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readOrMake, type StateDir } from './state-dir.js';

/**
 * Keys that no database holds: the master key wraps secrets at rest, the root key (Ed25519, private JWK) signs the set
 * of signing keys that agents pin. Losing them means losing the installation.
 */
export function readOrMakeKeys(state: StateDir): { masterKeys: string; rootKeyFile: string } {
  const rootKeyFile = state.secret('root-key.json');
  readOrMake(rootKeyFile, () => JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })));
  const masterKeys = readOrMake(state.secret('master-keys'), () => `local-1:${randomBytes(32).toString('base64')}`);
  return { masterKeys, rootKeyFile };
}
