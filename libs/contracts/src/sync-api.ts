import { z } from 'zod';
import { BotId, MachineGeneration, SecretName, Sha256, Uuid } from './common.js';
import { CompactJose } from './keys.js';

/** GET /bots/{id}/secrets: each a JWE to the bot's sealing key around a JWS by the control plane. */
export const SealedSecrets = z.object({
  secrets: z.array(z.object({ name: SecretName, version: z.int().min(1), jwe: CompactJose })),
});
export type SealedSecrets = z.infer<typeof SealedSecrets>;

/** GET /bots/{id}/keys: compact JWS by the root key around a SigningKeySet. */
export const KeySetResponse = z.object({ key_set: CompactJose });
export type KeySetResponse = z.infer<typeof KeySetResponse>;

/** Header that carries the detached JWS over bot, version, hash and issued_at. */
export const CONFIG_SIGNATURE_HEADER = 'Config-Signature';

/**
 * GET /bots/{id}/config with `Accept: application/json-patch+json` and an `If-None-Match` the server still has a
 * snapshot of: an RFC 6902 patch from that snapshot's payload to the newest one, when it is smaller. `ETag` and
 * `Config-Signature` are the result's; the receiver applies the patch, hashes, and asks for the full payload when the
 * hash is another one.
 */
export const CONFIG_PATCH_MEDIA_TYPE = 'application/json-patch+json';
/** Header of such an answer: the ETag of the payload the patch starts from. */
export const DELTA_BASE_HEADER = 'Delta-Base';
/** Payloads up to this many bytes always travel whole. */
export const DELTA_MIN_BYTES = 100_000;

/** RFC 6902 as both sides speak it. */
export const JsonPatch = z
  .array(
    z.discriminatedUnion('op', [
      z.object({ op: z.literal('add'), path: z.string(), value: z.json() }),
      z.object({ op: z.literal('remove'), path: z.string() }),
      z.object({ op: z.literal('replace'), path: z.string(), value: z.json() }),
      z.object({ op: z.literal('move'), path: z.string(), from: z.string() }),
      z.object({ op: z.literal('copy'), path: z.string(), from: z.string() }),
      z.object({ op: z.literal('test'), path: z.string(), value: z.json() }),
    ]),
  )
  .max(10_000);
export type JsonPatch = z.infer<typeof JsonPatch>;

/** What to look at again. */
export const StreamTopic = z.enum(['config', 'secrets', 'keys']);
export type StreamTopic = z.infer<typeof StreamTopic>;

/**
 * The only message of GET /bots/{id}/stream (WebSocket, text frames, server to bot): a hint, never the truth. Sent once
 * right after the upgrade, with every topic, so that nothing that happened before is missed. Bots send nothing but pongs.
 */
export const StreamHint = z.object({ type: z.literal('look'), topics: z.array(StreamTopic).min(1) });
export type StreamHint = z.infer<typeof StreamHint>;

/** Why a stream was closed, and what the bot then does (docs/protocol.md). */
export const STREAM_CLOSE = {
  /** The replica drains: connect again after a random part of 5 s; long-poll meanwhile. RFC 6455 registry: service restart. */
  restart: 1012,
  /** The server sheds load: try again later, long-poll meanwhile. */
  overloaded: 1013,
  /** The credential is no longer good (401): ask over HTTP, which says what to do. */
  unauthenticated: 4401,
  /** Decommissioned or superseded (410): stop trading and stop asking. */
  gone: 4410,
  /** A newer stream of the same bot took over. */
  replaced: 4409,
} as const;

/**
 * POST /bots/{id}/credentials/rotate: the hash of a credential the machine made for itself, with a proof by its identity
 * key that no one on the way can make. The candidate becomes the credential with its first use; the old one lives until then.
 */
export const CredentialRotation = z.strictObject({
  bot_id: BotId,
  generation: MachineGeneration,
  /** The credential it takes over from: a request kept back on the way is void once another one took over. */
  replaces: Uuid,
  credential_id: Uuid,
  /** SHA-256 of the whole candidate; the credential itself never travels here. */
  credential_hash: Sha256,
});
export type CredentialRotation = z.infer<typeof CredentialRotation>;

export const RotateCredentialRequest = CredentialRotation.extend({
  /** Compact JWS (EdDSA) by the identity key over the canonical rotation. */
  proof: CompactJose,
});
export type RotateCredentialRequest = z.infer<typeof RotateCredentialRequest>;

/** 201; the same request again gets the same answer. */
export const RotateCredentialResponse = z.object({ credential_id: Uuid });
export type RotateCredentialResponse = z.infer<typeof RotateCredentialResponse>;

/** 202 with Retry-After: recorded, not verified yet; send the same request again. */
export const RotateCredentialPending = z.object({ status: z.literal('pending') });
