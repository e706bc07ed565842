import { BotConfigPayload, JsonObject, type SigningKeySet } from '@trawling/contracts';
import { CryptoError, verifyConfigSignature } from '@trawling/crypto';
import { jsonProblems, payloadHash } from '@trawling/domain';
import { MAX_CONFIG_BYTES } from './sync-client.js';

export type Refusal =
  | 'too-large'
  | 'not-json'
  | 'contract'
  | 'other-bot'
  | 'older-version'
  | 'same-version-other-hash'
  | 'hash'
  | 'unknown-key'
  | 'key-set'
  | 'signature';

export type Verdict = { ok: true; payload: BotConfigPayload } | { ok: false; reason: Refusal; message: string };

export interface VerifyInput {
  text: string;
  /** Detached JWS from the header; empty when there was none. */
  signature: string;
  /** The header; empty when there was none. */
  etag?: string;
  keySet: SigningKeySet;
  botId: string;
  /** What this machine applied last. */
  applied: { version: string; hash: string } | null;
}

/**
 * Whether a received config may start or change anything here: signed by a key of the trusted set, for this bot, not
 * older than what was applied, and intact. `unknown-key` may be cured by a newer key set; nothing else may.
 */
export async function verifyConfig({ text, signature, etag = '', keySet, botId, applied }: VerifyInput): Promise<Verdict> {
  if (Buffer.byteLength(text) > MAX_CONFIG_BYTES) return refuse('too-large', 'the payload is larger than any config can be');
  const raw = parseObject(text);
  if (raw === null) return refuse('not-json', 'the payload is not a JSON object');
  const parsed = BotConfigPayload.safeParse(raw);
  if (!parsed.success) return refuse('contract', parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  const payload = parsed.data;
  if (payload.bot_id !== botId) return refuse('other-bot', `the payload is for bot ${payload.bot_id}`);

  const { hash, ...content } = raw;
  if (hash !== payloadHash(content)) return refuse('hash', 'the payload is not what its hash says');
  // A proxy that compresses makes a strong one weak.
  if (etag !== '' && etag.replace(/^W\//, '') !== `"${payload.hash}"`) return refuse('hash', 'the ETag is not the hash of the payload in quotes');
  try {
    await verifyConfigSignature({ jws: signature, payload, keySet });
  } catch (error) {
    const unknown = error instanceof CryptoError && error.reason === 'unknown-key';
    return refuse(unknown ? 'unknown-key' : 'signature', error instanceof Error ? error.message : String(error));
  }

  if (applied && Number(payload.version) < Number(applied.version))
    return refuse('older-version', `version ${payload.version} is older than ${applied.version}, which runs here`);
  if (applied && payload.version === applied.version && payload.hash !== applied.hash)
    return refuse('same-version-other-hash', `there is another version ${payload.version}`);
  return { ok: true, payload };
}

const refuse = (reason: Refusal, message: string): Verdict => ({ ok: false, reason, message: message.slice(0, 2000) });

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    if (jsonProblems(value).length > 0) return null;
    return JsonObject.parse(value);
  } catch {
    return null;
  }
}
