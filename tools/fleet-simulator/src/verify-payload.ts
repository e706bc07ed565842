import { BotConfigPayload, type SigningKeySet } from '@trawling/contracts';
import { CryptoError, verifyConfigSignature } from '@trawling/crypto';
import { payloadHash } from '@trawling/domain';

/** What is wrong with a config that a bot was given; `unknown-key` may be cured by a newer key set. */
export class PayloadRefused extends Error {
  constructor(
    readonly reason: 'not-json' | 'contract' | 'other-bot' | 'older-version' | 'etag' | 'hash' | 'signature' | 'unknown-key',
    message: string,
  ) {
    super(message);
    this.name = 'PayloadRefused';
  }
}

export type ReceivedPayload = {
  text: string;
  etag: string;
  signature: string;
  botId: string;
  keySet: SigningKeySet;
  /** 0 when nothing was applied yet. */
  appliedVersion: number;
};

/** Everything docs/protocol.md asks a bot to check before it believes a config. Throws PayloadRefused. */
export async function verifyPayload(received: ReceivedPayload): Promise<BotConfigPayload> {
  const raw = parseObject(received.text);
  const parsed = BotConfigPayload.safeParse(raw);
  if (!parsed.success) throw new PayloadRefused('contract', parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
  const payload = parsed.data;
  if (payload.bot_id !== received.botId) throw new PayloadRefused('other-bot', `for ${payload.bot_id}`);
  if (payloadHash(raw) !== payload.hash) throw new PayloadRefused('hash', 'the payload is not what its hash says');
  if (received.etag !== `"${payload.hash}"`) throw new PayloadRefused('etag', `the ETag is ${received.etag}`);
  try {
    await verifyConfigSignature({ jws: received.signature, payload, keySet: received.keySet });
  } catch (error) {
    const unknown = error instanceof CryptoError && error.reason === 'unknown-key';
    throw new PayloadRefused(unknown ? 'unknown-key' : 'signature', String(error));
  }
  if (Number(payload.version) < received.appliedVersion) throw new PayloadRefused('older-version', payload.version);
  return payload;
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // said below
  }
  throw new PayloadRefused('not-json', 'the payload is not a JSON object');
}
