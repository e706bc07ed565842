import { X25519PublicJwk } from '@trawling/contracts';
import { type Keyring, sealSecret, signConfig } from '@trawling/crypto';
import {
  insertSignatures,
  lockBotsSealedByAnother,
  lockVersionsNotSignedBy,
  notify,
  replaceSealedSecret,
  sealedByAnother,
  type Transaction,
} from '@trawling/database';
import { openSecret } from '../secrets/store-secret.js';
import { type SigningKey, type SigningKeySource } from './load-keys.js';

export type ResignDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  signingKey: SigningKeySource;
  /** Told after each batch. */
  progress: (done: { configs: number; secrets: number }) => void;
};

export type Resigned = { kid: string; configs: number; secrets: number; failed: string[] };

/** Bots of one transaction: it holds their rows, so their changes wait for it. */
const BATCH = 100;

/**
 * Signs with the newest key every desired config and seals again every secret in use that it has not signed. Hashes and
 * ETags stay what they are. Each batch is a transaction of its own and what is done is skipped, so it can be stopped and run
 * again at any time, while bots change. What cannot be opened is listed in `failed` and keeps nothing else waiting.
 */
export async function resign(deps: ResignDeps): Promise<Resigned> {
  const key = await deps.transaction(deps.signingKey);
  const done: Resigned = { kid: key.kid, configs: 0, secrets: 0, failed: [] };
  for (const batch of [signBatch, sealBatch]) {
    let after: string | null = null;
    do {
      const from: string | null = after;
      after = await deps.transaction((tx) => batch(deps, tx, { key, after: from, done }));
      deps.progress(done);
    } while (after !== null);
  }
  return done;
}

type Batch = { key: SigningKey; after: string | null; done: Resigned };

/** The last bot looked at; null when there are no more. */
async function signBatch({ signingKey }: ResignDeps, tx: Transaction, { key, after, done }: Batch): Promise<string | null> {
  const versions = await lockVersionsNotSignedBy(tx, key.kid, { after, limit: BATCH });
  await assertStillNewest(signingKey, tx, key);
  const rows = await Promise.all(
    versions.map(async ({ botId, version, hash, issuedAt }) => {
      const payload = { bot_id: botId, version: String(version), hash, issued_at: issuedAt.toISOString() };
      return { botId, version, kid: key.kid, jws: await signConfig({ payload, ...key }) };
    }),
  );
  await insertSignatures(tx, rows);
  // The signature is served beside the config, from memories that have to be renewed.
  if (rows.length > 0) await notify(tx, { topic: 'config', ids: rows.map(({ botId }) => botId) });
  done.configs += rows.length;
  return versions.at(-1)?.botId ?? null;
}

async function sealBatch({ signingKey, keyring }: ResignDeps, tx: Transaction, { key, after, done }: Batch): Promise<string | null> {
  const bots = await lockBotsSealedByAnother(tx, key.kid, { after, limit: BATCH });
  await assertStillNewest(signingKey, tx, key);
  for (const botId of bots) {
    for (const { sealingJwk, ciphertext, ...place } of await sealedByAnother(tx, key.kid, botId)) {
      const value = valueOf(() => openSecret({ keyring }, botId, { ...place, ciphertext }).value);
      if (value === null) {
        done.failed.push(`secret ${place.name} version ${place.version} of bot ${botId}`);
        continue;
      }
      const payload = { bot_id: botId, name: place.name, version: place.version, value };
      const jwe = await sealSecret({ payload, kid: key.kid, signingPrivateJwk: key.privateJwk, sealingJwk: X25519PublicJwk.parse(sealingJwk) });
      await replaceSealedSecret(tx, { ...place, jwe, signedBy: key.kid });
      done.secrets += 1;
    }
  }
  return bots.at(-1) ?? null;
}

/** After the bots' rows, as every change takes its locks; the key cannot be retired before the batch is written. */
async function assertStillNewest(signingKey: SigningKeySource, tx: Transaction, key: SigningKey): Promise<void> {
  const newest = await signingKey(tx);
  if (newest.kid !== key.kid) throw new Error(`Another rotation made ${newest.kid}: run "admin resign" again`);
}

function valueOf(open: () => string): string | null {
  try {
    return open();
  } catch {
    return null;
  }
}
