/** What is signed, sealed, wrapped and compared. JOSE goes through the library `jose`; algorithms are pinned here. */
export * from './crypto-error.js';
export { makeToken, parseToken, hashToken, tokenMatches, type ParsedToken, type TokenPrefix } from './token.js';
export * from './keyring.js';
export * from './fingerprint.js';
export * from './keys.js';
export * from './config-signature.js';
export * from './key-set.js';
export * from './sealing.js';
export * from './sealed-secret.js';
export * from './token-mac.js';
export * from './enrollment.js';
export * from './credential-rotation.js';
