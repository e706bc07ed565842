import { type BotConfigPayload, type Sha256, type SigningKeySet } from '@trawling/contracts';
import { CryptoError } from '@trawling/crypto';
import { type Logger } from '@trawling/runtime';
import { type ConfigBase } from './config-base.js';
import { type KeySetKeeper } from './key-set.js';
import { type SyncClient } from './sync-client.js';
import { type Refusal, verifyConfig, type Verdict, type VerifyInput } from './verify-config.js';

export interface FetchConfigDeps {
  client: Pick<SyncClient, 'config'>;
  keySet: KeySetKeeper;
  base: ConfigBase;
  botId: string;
  /** What runs here: nothing older is taken. */
  applied(): { version: string; hash: string } | null;
  logger: Logger;
}

export interface FetchConfigInput {
  /** The newest hash this machine knows, whatever came of it. */
  known: Sha256 | null;
  /** How long the server may hold the answer until there is something newer. */
  waitSeconds: number;
  signal?: AbortSignal;
}

export type FetchedConfig =
  | { kind: 'unchanged' }
  | { kind: 'accepted'; payload: BotConfigPayload }
  | { kind: 'refused'; reason: Refusal; message: string };

/**
 * Asks for the desired config and holds what comes to everything that makes it genuine. Takes a difference when it has
 * what the difference starts from; whatever does not fit then, it asks for the whole payload. Throws SyncError.
 */
export async function fetchConfig(deps: FetchConfigDeps, input: FetchConfigInput): Promise<FetchedConfig> {
  const acceptPatch = input.known !== null && deps.base.hash() === input.known;
  const answer = await deps.client.config({ ...input, acceptPatch });
  if (answer.kind === 'unchanged') return { kind: 'unchanged' };
  if (answer.kind === 'payload') return judged(deps, answer);

  const text = answer.base === deps.base.hash() ? deps.base.patched(answer.patch) : null;
  const verdict = text === null ? null : await judged(deps, { text, signature: answer.signature, etag: answer.etag });
  if (verdict?.kind === 'accepted') return verdict;
  deps.logger.warn({ base: answer.base, reason: verdict?.reason ?? 'the patch does not fit' }, 'a delta did not hold; asking for the whole config');
  const whole = await deps.client.config({ known: null, waitSeconds: 0, acceptPatch: false });
  return whole.kind === 'payload' ? judged(deps, whole) : { kind: 'unchanged' };
}

type Judged = Exclude<FetchedConfig, { kind: 'unchanged' }>;
type Received = Required<Pick<VerifyInput, 'text' | 'signature' | 'etag'>>;

async function judged(deps: FetchConfigDeps, received: Received): Promise<Judged> {
  const verdict = await verify(deps, received);
  if (!verdict.ok) return { kind: 'refused', reason: verdict.reason, message: verdict.message };
  await deps.base.keep(received.text, verdict.payload.hash);
  return { kind: 'accepted', payload: verdict.payload };
}

/** A key nobody here knows may be a new one: the root key's word on the set decides, asked for once. */
async function verify(deps: FetchConfigDeps, { text, signature, etag }: Received): Promise<Verdict> {
  const held = deps.keySet.current();
  const judge = (keySet: SigningKeySet) => verifyConfig({ text, signature, etag, botId: deps.botId, applied: deps.applied(), keySet });
  const first = held ? await judge(held) : null;
  if (first && (first.ok || first.reason !== 'unknown-key')) return first;
  try {
    return await judge(await deps.keySet.refresh());
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return { ok: false, reason: 'key-set', message: `the key set that should name its key cannot be trusted: ${error.message}` };
  }
}
