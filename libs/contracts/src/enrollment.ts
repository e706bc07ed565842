import { z } from 'zod';
import { BotId, MachineGeneration, Sha256, Timestamp, Uuid } from './common.js';
import { CompactJose, Ed25519PublicJwk, X25519PublicJwk } from './keys.js';

/**
 * What both the proof (JWS by the identity key) and the MAC (under a key derived from the token's secret) cover,
 * as RFC 8785 canonical JSON.
 */
export const EnrollmentTranscript = z.strictObject({
  bot_id: BotId,
  generation: MachineGeneration,
  token_id: Uuid,
  /** Which machine asks: the provider's id, or the local machine's. */
  machine_id: z.string().min(1).max(200),
  identity_key: Ed25519PublicJwk,
  sealing_key: X25519PublicJwk,
  credential_id: Uuid,
  /** SHA-256 of the whole credential; the credential itself never travels here. */
  credential_hash: Sha256,
});
export type EnrollmentTranscript = z.infer<typeof EnrollmentTranscript>;

export const EnrollRequest = EnrollmentTranscript.extend({
  /** Compact JWS (EdDSA) by the identity key over the canonical transcript. */
  proof: CompactJose,
  /** base64url HMAC-SHA256 over the canonical transcript. */
  mac: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type EnrollRequest = z.infer<typeof EnrollRequest>;

/** 201. A lost answer loses nothing: the same request again gets the same 201. */
export const EnrollResponse = z.object({
  bot_id: BotId,
  generation: MachineGeneration,
  credential_id: Uuid,
  /** Compact JWS by the root key around a SigningKeySet. */
  key_set: CompactJose,
  server_time: Timestamp,
});
export type EnrollResponse = z.infer<typeof EnrollResponse>;

/** 202 with Retry-After: recorded, not verified yet. */
export const EnrollPending = z.object({ status: z.literal('pending') });
