import { type Keyring } from '@trawling/crypto';
import {
  allControlPlaneKeys,
  countEnvelopes,
  keysWrappedOtherwise,
  replaceCiphertexts,
  replacePrivateKey,
  type SecretPlace,
  secretsWrappedOtherwise,
  type Transaction,
} from '@trawling/database';
import { secretContext } from '../secrets/store-secret.js';
import { assertKeysOpen, keyContext } from './load-keys.js';

export type RewrapDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  /** Told after each batch. */
  progress: (done: { secrets: number; keys: number }) => void;
};

/** `envelopes`: how many each master key has afterwards; one that has none may leave MASTER_KEYS. */
export type Rewrapped = { current_key: string; secrets: number; keys: number; failed: string[]; envelopes: Record<string, number>; dry_run: boolean };

const BATCH = 500;

/**
 * Wraps with the current master key whatever another one has wrapped: values of secrets and our private keys. Works while
 * everything runs: each envelope is replaced only if it is still the one that was opened. What is done is skipped, so it can
 * be stopped and run again; a secret that no key opens is listed in `failed`. `dryRun` opens and counts, and writes nothing.
 * Throws a sentence, before anything is written, when one of our own keys does not open: these are then not its master keys.
 */
export async function rewrap(deps: RewrapDeps, input: { dryRun: boolean }): Promise<Rewrapped> {
  const { keyring } = deps;
  const done = { secrets: 0, keys: 0, failed: [] as string[] };
  await deps.transaction((tx) => rewrapKeys(deps, tx, { ...input, done }));
  let after: SecretPlace | null = null;
  do {
    const from: SecretPlace | null = after;
    after = await deps.transaction((tx) => rewrapSecrets(deps, tx, { ...input, done, after: from }));
    deps.progress(done);
  } while (after !== null);
  const rows = await deps.transaction(countEnvelopes);
  const envelopes = Object.fromEntries(rows.map(({ keyId, secrets, keys }) => [keyId, secrets + keys]));
  return { current_key: keyring.keyIds[0] ?? '', ...done, envelopes, dry_run: input.dryRun };
}

type Batch = { dryRun: boolean; done: { secrets: number; keys: number; failed: string[] } };

async function rewrapKeys({ keyring }: RewrapDeps, tx: Transaction, { dryRun, done }: Batch): Promise<void> {
  // Also those that name the current key: it may be another one of the same id. A retired key has no private half.
  assertKeysOpen(keyring, (await allControlPlaneKeys(tx)).filter(({ privateKey }) => privateKey !== ''));
  for (const { kid, privateKey } of await keysWrappedOtherwise(tx, keyring.currentPrefix)) {
    const next = keyring.rewrap(privateKey, keyContext(kid));
    done.keys += dryRun ? 1 : await replacePrivateKey(tx, { kid, privateKey, next });
  }
}

/** The last place looked at; null when there are no more. */
async function rewrapSecrets({ keyring }: RewrapDeps, tx: Transaction, batch: Batch & { after: SecretPlace | null }): Promise<SecretPlace | null> {
  const { dryRun, done, after } = batch;
  const rows = await secretsWrappedOtherwise(tx, keyring.currentPrefix, { after, limit: BATCH });
  const opened = rows.map((row) => ({ ...row, next: attempt(() => keyring.rewrap(row.ciphertext, secretContext(row.botId, row))) }));
  const readable = opened.flatMap(({ next, ...row }) => (next === null ? [] : [{ ...row, next }]));
  for (const { botId, name, version, next } of opened) if (next === null) done.failed.push(`secret ${name} version ${version} of bot ${botId}`);
  done.secrets += dryRun ? readable.length : await replaceCiphertexts(tx, readable);
  return rows.at(-1) ?? null;
}

function attempt(rewrapped: () => string): string | null {
  try {
    return rewrapped();
  } catch {
    return null;
  }
}
