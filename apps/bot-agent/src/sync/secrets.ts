import { type BotConfigPayload, type Issue, SecretName, type SecretReference } from '@trawling/contracts';
import { CryptoError, openSealedSecret, type X25519PrivateJwk } from '@trawling/crypto';
import { canonicalJson, secretReferences } from '@trawling/domain';
import { z } from 'zod';
import { readSecrets } from '../apply/observe.js';
import { type Host } from '../host.js';
import { type SecurityEvents } from '../reports/security-events.js';
import { openJsonFile } from '../state/json-file.js';
import { type KeySetKeeper } from './key-set.js';
import { type SyncClient } from './sync-client.js';
import { SyncError } from './sync-error.js';

/** Values with the versions they have; apart from secrets.json, which OpenClaw reads and which has names and values only. */
const Held = z.record(SecretName, z.object({ version: z.int(), value: z.string() }));
type Held = z.infer<typeof Held>;
type Wanted = readonly SecretReference[];

export interface SecretsDeps {
  host: Host;
  /** The agent's own copy, with versions. */
  heldPath: string;
  botId: string;
  sealingPrivateJwk: X25519PrivateJwk;
  keySet: KeySetKeeper;
  client: Pick<SyncClient, 'secrets'>;
  security: SecurityEvents;
}

/**
 * The values a payload names, in the versions it names; asks the sync-adapter only for what is not here yet, and keeps
 * nothing else, so that an erased secret goes from this machine too. Throws SyncError `busy` while one is not sealed
 * for this machine: that is nobody's fault and passes.
 */
export async function secretsFor(deps: SecretsDeps, payload: BotConfigPayload): Promise<Record<string, string>> {
  const wanted = secretReferences(payload);
  const file = await openJsonFile(deps.host, deps.heldPath, Held);
  const before = file.current() ?? {};
  const held = withoutOthers(hasAll(before, wanted) ? before : await fetchSecrets(deps, before, wanted), wanted);
  if (canonicalJson(held) !== canonicalJson(before)) await file.write(held);
  if (!hasAll(held, wanted)) throw notThere('the sync-adapter has secrets of another version of the config', missingOf(held, wanted));
  return Object.fromEntries(wanted.map(({ secret }) => [secret, held[secret]?.value ?? '']));
}

async function fetchSecrets(deps: SecretsDeps, before: Held, wanted: Wanted): Promise<Held> {
  const { secrets } = await askForSecrets(deps, missingOf(before, wanted));
  const held: Held = {};
  for (const sealed of secrets) {
    const { name, version, value } = await open(deps, sealed);
    held[name] = { version, value };
  }
  return held;
}

async function askForSecrets(deps: SecretsDeps, missing: Issue[]) {
  try {
    return await deps.client.secrets();
  } catch (error) {
    if (!(error instanceof SyncError) || error.failure.kind !== 'busy') throw error;
    throw new SyncError({ ...error.failure, issues: missing }, error.message);
  }
}

async function open(deps: SecretsDeps, sealed: { name: string; version: number; jwe: string }) {
  const attempt = (keySet = deps.keySet.current()) => {
    if (!keySet) throw notThere('there is no key set yet');
    const expected = { bot_id: deps.botId, name: sealed.name, version: sealed.version };
    return openSealedSecret({ jwe: sealed.jwe, sealingPrivateJwk: deps.sealingPrivateJwk, keySet, expected });
  };
  try {
    return await attempt().catch(async (error: unknown) => {
      if (!(error instanceof CryptoError) || error.reason !== 'unknown-key') throw error;
      return attempt(await deps.keySet.refresh());
    });
  } catch (error) {
    if (error instanceof CryptoError)
      deps.security.say('security.secret_refused', error.reason, `The secret ${sealed.name} was refused: ${error.message}`, { secret: sealed.name });
    throw error;
  }
}

const withoutOthers = (held: Held, wanted: { secret: string }[]): Held =>
  Object.fromEntries(Object.entries(held).filter(([name]) => wanted.some(({ secret }) => secret === name)));

const hasAll = (held: Held, wanted: Wanted): boolean => wanted.every(({ secret, version }) => held[secret]?.version === version);

const missingOf = (held: Held, wanted: Wanted): Issue[] =>
  wanted
    .filter(({ secret, version }) => held[secret]?.version !== version)
    .map(({ secret, version }) => ({ path: `secrets.${secret}`, message: `version ${version} is not on this machine yet` }));

const notThere = (message: string, issues: Issue[] = []) =>
  new SyncError({ kind: 'busy', code: 'secrets-not-sealed', retryAfterMs: 1_000, issues }, message);

/** The gateway's secret provider needs the file from its first second. */
export async function ensureSecretsFile(host: Host, path: string): Promise<void> {
  if (readSecrets(await host.readText(path)) === null) await host.writeAtomic(path, '{}');
}
