import { type MachineSpec, Uuid } from '@trawling/contracts';
import {
  Ed25519PrivateJwk,
  generateEd25519,
  generateX25519,
  hashToken,
  makeEnrollRequest,
  makeToken,
  parseToken,
  X25519PrivateJwk,
} from '@trawling/crypto';
import { backoffMs, type Clock, type Logger, uuid7 } from '@trawling/runtime';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { openJsonFile } from '../state/json-file.js';
import { busyWaitMs } from './busy-wait.js';
import { type KeySetKeeper } from './key-set.js';
import { type SyncClient } from './sync-client.js';
import { SyncError } from './sync-error.js';

/** Made once on this machine and never leaves it. */
export const Identity = z.object({
  identity_key: Ed25519PrivateJwk,
  sealing_key: X25519PrivateJwk,
  credential_id: Uuid,
  credential: z.string(),
});
export type Identity = z.infer<typeof Identity>;

/** The machine's keys; on the disk before anybody hears of them, so that a lost answer loses nothing. */
export async function loadIdentity(host: Host, path: string, randomBytes: (size: number) => Uint8Array): Promise<Identity> {
  const file = await openJsonFile(host, path, Identity);
  const stored = file.current();
  if (stored) return stored;
  const credentialId = uuid7();
  const identity: Identity = {
    identity_key: generateEd25519().privateJwk,
    sealing_key: generateX25519().privateJwk,
    credential_id: credentialId,
    credential: makeToken('ttb', credentialId, randomBytes),
  };
  await file.write(identity);
  return identity;
}

export interface EnrollDeps {
  host: Host;
  paths: Pick<MachinePaths, 'credential' | 'enrollmentToken'>;
  spec: MachineSpec;
  identity: Identity;
  client: Pick<SyncClient, 'enroll'>;
  keySet: KeySetKeeper;
  clock: Clock;
  random(): number;
  logger: Logger;
  signal: AbortSignal;
}

const LONGEST_WAIT_MS = 15_000;

/**
 * Gets this machine's credential accepted, or returns at once when it is already. Asks again until it is told yes:
 * the same request gets the same answer, and a new token may be put beside machine.json at any time. The credential
 * file is the sign for the supervisor to start the gateway; the token goes last. Throws SyncError `gone`.
 */
export async function enroll(deps: EnrollDeps): Promise<'enrolled' | 'already' | 'stopped'> {
  const { host, paths } = deps;
  if ((await host.readText(paths.credential)) !== null) {
    await host.remove(paths.enrollmentToken);
    return 'already';
  }
  for (let attempt = 0; !deps.signal.aborted; attempt += 1) {
    const waitMs = await tryToEnroll(deps, attempt);
    if (waitMs === null) return 'enrolled';
    await deps.clock.sleep(waitMs, deps.signal);
  }
  return 'stopped';
}

/** Null when enrolled, else how long to wait in milliseconds. */
async function tryToEnroll(deps: EnrollDeps, attempt: number): Promise<number | null> {
  const { host, paths, logger } = deps;
  const backoff = backoffMs({ attempt, baseMs: 500, maxMs: LONGEST_WAIT_MS, random: deps.random });
  const token = parseToken(((await host.readText(paths.enrollmentToken)) ?? '').trim());
  if (!token || token.prefix !== 'tte') {
    logger.warn({ path: paths.enrollmentToken }, 'there is no enrollment token to enroll with');
    return backoff;
  }
  try {
    const answer = await deps.client.enroll(await makeRequest(deps, token));
    if (answer.kind === 'pending') return busyWaitMs(answer.retryAfterMs, deps.random);
    await deps.keySet.accept(answer.response.key_set);
    await host.writeAtomic(paths.credential, deps.identity.credential);
    await host.remove(paths.enrollmentToken);
    logger.info({ generation: deps.spec.generation }, 'enrolled');
    return null;
  } catch (error) {
    if (error instanceof SyncError && error.failure.kind === 'gone') throw error;
    logger.warn({ err: error }, 'not enrolled yet');
    return error instanceof SyncError && error.failure.kind === 'busy' ? busyWaitMs(error.failure.retryAfterMs, deps.random) : backoff;
  }
}

function makeRequest({ spec, identity }: EnrollDeps, token: { id: string; secret: string }) {
  const { kty, crv, x } = identity.identity_key;
  const sealing = identity.sealing_key;
  return makeEnrollRequest({
    transcript: {
      bot_id: spec.bot_id,
      generation: spec.generation,
      token_id: token.id,
      machine_id: spec.machine_id,
      identity_key: { kty, crv, x },
      sealing_key: { kty: sealing.kty, crv: sealing.crv, x: sealing.x },
      credential_id: identity.credential_id,
      credential_hash: hashToken(identity.credential),
    },
    identityPrivateJwk: identity.identity_key,
    tokenSecret: token.secret,
  });
}
