import { z } from 'zod';
import { SecretName } from './common.js';
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
