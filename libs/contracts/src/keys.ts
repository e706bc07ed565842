import { z } from 'zod';
import { BotId, SecretName, Sha256, Timestamp, WireVersion } from './common.js';

/** Public JWK of an Ed25519 key (RFC 8037). */
export const Ed25519PublicJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().length(43) });
export type Ed25519PublicJwk = z.infer<typeof Ed25519PublicJwk>;

/** Public JWK of an X25519 key (RFC 8037). */
export const X25519PublicJwk = z.object({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: z.string().length(43) });
export type X25519PublicJwk = z.infer<typeof X25519PublicJwk>;

/** What a config signature covers. It is detached: the verifier builds it from the payload it got. */
export const ConfigSignaturePayload = z.object({ bot_id: BotId, version: WireVersion, hash: Sha256, issued_at: Timestamp });
export type ConfigSignaturePayload = z.infer<typeof ConfigSignaturePayload>;

/** The signing keys agents may trust; travels as a compact JWS by the root key pinned at provisioning. */
export const SigningKeySet = z.object({
  version: z.int().min(1),
  issued_at: Timestamp,
  keys: z.array(z.object({ kid: z.string().min(1), jwk: Ed25519PublicJwk })).min(1),
});
export type SigningKeySet = z.infer<typeof SigningKeySet>;

/** Inner JWS of a sealed secret, signed by the control plane. */
export const SealedSecretPayload = z.object({ bot_id: BotId, name: SecretName, version: z.int().min(1), value: z.string() });
export type SealedSecretPayload = z.infer<typeof SealedSecretPayload>;

/** Compact JWS or JWE. */
export const CompactJose = z.string().regex(/^[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){2,4}$/, 'expected a compact JOSE string');
