import { Ed25519PublicJwk, RotateCredentialRequest } from '@trawling/contracts';
import { type Keyring, verifyRotateCredentialRequest } from '@trawling/crypto';
import {
  type BotCredentialRow,
  decideRotationRequest,
  findCredential,
  insertAuditEntry,
  insertBotEvent,
  insertCredential,
  lockBot,
  lockCandidates,
  lockPendingRotation,
  notify,
  type Prisma,
  revokeRotated,
  type Transaction,
} from '@trawling/database';
import type { Logger } from '@trawling/runtime';
import type { SigningKeySource } from '../installation/load-keys.js';
import { sealSecrets } from '../secrets/seal-secrets.js';
import { openSecrets } from '../secrets/store-secret.js';
import { decideRotation, type RotationVerdict } from './decide-rotation.js';

export type VerifyRotationDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  signingKey: SigningKeySource;
  now: () => Date;
  newId: () => string;
  logger: Logger;
};

const UNREADABLE: RotationVerdict = { kind: 'refuse', code: 'rotation-refused', reason: 'The request cannot be read', alarm: false };

/**
 * Decides one recorded rotation in one transaction: on acceptance the candidate is there, with the secrets sealed to the
 * machine's key, and any candidate before it that was never used is gone. The credential it is to take over from stays
 * good until the candidate's first use. The sync-adapter, which waits, is told with the commit.
 */
export async function verifyRotation(deps: VerifyRotationDeps, input: { requestId: string; botId: string }): Promise<void> {
  const verdict = await deps.transaction(async (tx) => {
    // The bot first, as every change does: secrets and credentials of a bot change one at a time.
    const bot = await lockBot(tx, input.botId);
    const row = await lockPendingRotation(tx, input.requestId);
    if (!row || !bot) return null;
    const parsed = RotateCredentialRequest.safeParse(row.request);
    if (!parsed.success) return settle(deps, tx, { row, verdict: UNREADABLE });

    const request = parsed.data;
    const current = await credentialOf(tx, row.botId, request.replaces);
    const candidates = current ? await lockCandidates(tx, current.id) : [];
    const decided = decideRotation({
      request,
      bot: { id: row.botId, machineGeneration: bot.machineGeneration, decommissioning: bot.decommissionRequestedAt !== null },
      current: current && {
        generation: current.generation,
        revokedReason: current.revokedAt ? (current.revokedReason ?? 'security') : null,
        unused: current.replacesId !== null && current.firstUsedAt === null,
        replaced: candidates.some((candidate) => candidate.firstUsedAt !== null),
      },
      verified: current !== null && (await isByItsMachine(current, request)),
      candidate: await knownCandidate(tx, request),
    });
    if (decided.kind === 'accept' && current) await addCandidate(deps, tx, { request, current, unused: candidates.map(({ id }) => id) });
    return settle(deps, tx, { row, verdict: decided });
  });
  if (verdict) report(deps.logger, input.botId, verdict);
}

async function credentialOf(tx: Transaction, botId: string, id: string): Promise<BotCredentialRow | null> {
  const row = await findCredential(tx, id);
  return row?.botId === botId ? row : null;
}

const isByItsMachine = async (current: BotCredentialRow, request: RotateCredentialRequest): Promise<boolean> =>
  verifyRotateCredentialRequest({ request, identityJwk: Ed25519PublicJwk.parse(current.identityJwk) });

async function knownCandidate(tx: Transaction, request: RotateCredentialRequest) {
  const row = await findCredential(tx, request.credential_id);
  if (!row) return null;
  const same =
    row.botId === request.bot_id &&
    row.generation === request.generation &&
    row.replacesId === request.replaces &&
    row.secretHash === request.credential_hash;
  return { same, revoked: row.revokedAt !== null };
}

/** The keys of the machine stay; only what it authenticates with changes. */
async function addCandidate(
  deps: VerifyRotationDeps,
  tx: Transaction,
  input: { request: RotateCredentialRequest; current: BotCredentialRow; unused: string[] },
): Promise<void> {
  const { request, current, unused } = input;
  const { botId, generation, sealingJwk } = current;
  const { credential_id: id, credential_hash: secretHash } = request;
  const at = deps.now();
  if (unused.length > 0) await revokeRotated(tx, { botId, credentialIds: unused, at });
  const keys = { identityJwk: jsonOf(current.identityJwk), sealingJwk: jsonOf(sealingJwk) };
  await insertCredential(tx, { id, botId, generation, secretHash, ...keys, createdAt: at, replacesId: current.id });
  await sealSecrets(deps, tx, { botId, secrets: await openSecrets(deps, tx, botId), credentials: [{ id, sealingJwk }] });
  const before = { credential_id: current.id };
  const after = { credential_id: id, generation };
  const actor = `machine:${botId}:g${generation}`;
  await insertAuditEntry(tx, { id: deps.newId(), botId, actor, action: 'rotate-credential', before, after, requestId: null });
}

/** A key as it was stored, to be stored again. */
const jsonOf = (stored: Prisma.JsonValue): Prisma.InputJsonObject => JSON.parse(JSON.stringify(stored));

/** Writes the verdict and tells who waits for it. */
async function settle(
  deps: VerifyRotationDeps,
  tx: Transaction,
  input: { row: { id: string; botId: string; credentialId: string }; verdict: RotationVerdict },
): Promise<RotationVerdict> {
  const { row, verdict } = input;
  const at = deps.now();
  if (verdict.kind === 'refuse' && verdict.alarm) {
    await insertBotEvent(tx, row.botId, {
      id: deps.newId(),
      type: 'security.rotation-refused',
      timestamp: at.toISOString(),
      severity: 'error',
      message: `Somebody asked for another credential of this bot without its machine's key: ${verdict.reason}`,
      data: { credential_id: row.credentialId },
    });
  }
  const { code, reason } = verdict.kind === 'refuse' ? verdict : { code: null, reason: null };
  await decideRotationRequest(tx, row.id, code === null ? { state: 'accepted' } : { state: 'refused', code, reason }, at);
  await notify(tx, { topic: 'credential', ids: [row.botId] });
  return verdict;
}

function report(logger: Logger, botId: string, verdict: RotationVerdict): void {
  if (verdict.kind !== 'refuse') return logger.info({ bot_id: botId }, 'a machine has a candidate for its credential');
  logger.warn({ bot_id: botId, code: verdict.code, reason: verdict.reason }, 'a credential rotation was refused');
}
