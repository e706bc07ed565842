import { type MachineSpec } from '@trawling/contracts';
import { makeRotateCredentialRequest } from '@trawling/crypto';
import { type Clock, type Logger } from '@trawling/runtime';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { type SecurityEvents } from '../reports/security-events.js';
import { busyWaitMs } from '../sync/busy-wait.js';
import { type Credentials } from '../sync/credentials.js';
import { type Identity } from '../sync/enrollment.js';
import { type SyncClient } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { offlineBackoffMs } from './offline-backoff.js';

export interface RotateCredentialDeps {
  host: Host;
  paths: Pick<MachinePaths, 'rotateCredential'>;
  spec: Pick<MachineSpec, 'bot_id' | 'generation'>;
  identity: Pick<Identity, 'identity_key'>;
  credentials: Credentials;
  client: Pick<SyncClient, 'rotateCredential'>;
  security: SecurityEvents;
  /** Makes a call soon, which is the candidate's first use. */
  onRegistered(): void;
  clock: Clock;
  random(): number;
  logger: Logger;
  stop: AbortSignal;
}

const DAY_MS = 86_400_000;
/** A credential is used this long, give or take a tenth, so that a fleet made in one hour does not rotate in one. */
export const ROTATION_DAYS = 30;
const LOOK_MS = 30_000;

/** Changes the machine's credential when it is old, or when the request file asks for it, until stopped or gone. */
export async function keepRotating(deps: RotateCredentialDeps): Promise<void> {
  const maxAgeMs = ROTATION_DAYS * DAY_MS * (0.9 + 0.2 * deps.random());
  for (let failures = 0; !deps.stop.aborted; ) {
    let waitMs = LOOK_MS;
    try {
      if (await isDue(deps, maxAgeMs)) waitMs = (await rotate(deps)) ?? LOOK_MS;
      failures = 0;
    } catch (error) {
      if (error instanceof SyncError && error.failure.kind === 'gone') return;
      deps.logger.debug({ err: error }, 'the credential was not rotated');
      waitMs = error instanceof SyncError && error.failure.kind === 'busy' ? busyWaitMs(error.failure.retryAfterMs, deps.random) : LOOK_MS + offlineBackoffMs(failures, deps.random);
      failures += 1;
    }
    await deps.clock.sleep(waitMs, deps.stop);
  }
}

async function isDue({ host, paths, credentials, clock }: RotateCredentialDeps, maxAgeMs: number): Promise<boolean> {
  if (credentials.rotation() === 'begun' || clock.now().getTime() - credentials.since().getTime() > maxAgeMs) return true;
  return (await host.fileSize(paths.rotateCredential)) !== null;
}

/**
 * One try. The candidate is on the disk before the server hears its hash, and its registration before its first use;
 * asking again after a lost answer gets the same answer. Null when there is nothing left to do, else when to ask again
 * (ms). Throws SyncError.
 */
export async function rotate(deps: RotateCredentialDeps): Promise<number | null> {
  const { credentials, spec, logger } = deps;
  if (credentials.rotation() !== 'registered') {
    const candidate = await credentials.candidate();
    const request = await makeRotateCredentialRequest({
      rotation: {
        bot_id: spec.bot_id,
        generation: spec.generation,
        replaces: credentials.id(),
        credential_id: candidate.id,
        credential_hash: candidate.hash,
      },
      identityPrivateJwk: deps.identity.identity_key,
    });
    try {
      const answer = await deps.client.rotateCredential(request);
      if (answer.kind === 'pending') return busyWaitMs(answer.retryAfterMs, deps.random);
    } catch (error) {
      if (!(error instanceof SyncError) || error.failure.kind !== 'refused') throw error;
      if (error.failure.code === 'rotation-refused')
        deps.security.say('security.rotation_refused', error.failure.code, `The server does not take another credential of this machine: ${error.message}`);
      logger.warn({ err: error }, 'another credential was refused; the old one stays');
      await credentials.dropCandidate();
      await deps.host.remove(deps.paths.rotateCredential);
      return DAY_MS;
    }
    await credentials.register(candidate.id);
    logger.info({ credential_id: candidate.id }, 'another credential is registered');
  }
  await deps.host.remove(deps.paths.rotateCredential);
  deps.onRegistered();
  return null;
}
