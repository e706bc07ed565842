import { EnrollRequest } from '@trawling/contracts';
import { jwkThumbprint, type Keyring, openBytes, verifyEnrollRequest } from '@trawling/crypto';
import {
  decideEnrollmentRequest,
  findCredential,
  insertAuditEntry,
  insertBotEvent,
  insertCredential,
  lockBot,
  lockEnrollmentTokens,
  type LockedEnrollmentToken,
  lockPendingEnrollment,
  markTokenUsed,
  notify,
  supersedeCredentials,
  type Transaction,
} from '@trawling/database';
import { canonicalJson } from '@trawling/domain';
import type { Logger } from '@trawling/runtime';
import type { SigningKeySource, TokenSealingKey } from '../installation/load-keys.js';
import { sealSecrets } from '../secrets/seal-secrets.js';
import { openSecrets } from '../secrets/store-secret.js';
import { decideEnrollment, type EnrollmentVerdict } from './decide-enrollment.js';

export type VerifyEnrollmentDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  signingKey: SigningKeySource;
  tokenSealingKeys: readonly TokenSealingKey[];
  now: () => Date;
  newId: () => string;
  logger: Logger;
};

/**
 * Decides one recorded request in one transaction: on acceptance the token is used up, older machines lose their
 * credentials, the new credential is active and every secret is sealed to its key. The sync-adapter, which waits, is
 * told with the commit. A request that is decided already, or being decided elsewhere, is left alone.
 */
export async function verifyEnrollment(deps: VerifyEnrollmentDeps, input: { requestId: string; botId: string }): Promise<void> {
  const decided = await deps.transaction(async (tx) => {
    // The bot first, as every change does: secrets and credentials of a bot change one at a time.
    const bot = await lockBot(tx, input.botId);
    const row = await lockPendingEnrollment(tx, input.requestId);
    if (!row || !bot) return null;
    const parsed = EnrollRequest.safeParse(row.request);
    if (!parsed.success) return refuseUnreadable(deps, tx, row);
    const request = parsed.data;
    const tokens = await lockEnrollmentTokens(tx, { botId: row.botId, generation: request.generation });
    const token = request.bot_id === row.botId ? (tokens.find(({ id }) => id === request.token_id) ?? null) : null;
    const verdict = decideEnrollment({
      request,
      bot: { machineGeneration: bot.machineGeneration, decommissioning: bot.decommissionRequestedAt !== null },
      token,
      siblingUsedAt: lastUse(tokens.filter(({ id }) => id !== request.token_id)),
      verified: token && (await verifyWithToken(deps, request, token)),
      credential: await knownCredential(tx, request),
    });
    await settle(deps, tx, { row, request, verdict });
    return { verdict, generation: request.generation };
  });
  if (decided) report(deps.logger, input.botId, decided);
}

async function verifyWithToken(deps: VerifyEnrollmentDeps, request: EnrollRequest, token: LockedEnrollmentToken): Promise<true | string | null> {
  for (const key of deps.tokenSealingKeys) {
    const tokenSecret = await openBytes(key.privateJwk, token.sealedSecret).catch(() => null);
    if (tokenSecret !== null) return verifyEnrollRequest({ request, tokenSecret });
  }
  return null;
}

async function knownCredential(tx: Transaction, request: EnrollRequest) {
  const row = await findCredential(tx, request.credential_id);
  if (!row) return null;
  const sameKeys =
    row.botId === request.bot_id &&
    row.generation === request.generation &&
    row.secretHash === request.credential_hash &&
    canonicalJson(row.identityJwk) === canonicalJson(request.identity_key) &&
    canonicalJson(row.sealingJwk) === canonicalJson(request.sealing_key);
  return { sameKeys, revokedReason: row.revokedAt ? (row.revokedReason ?? 'security') : null, botId: row.botId };
}

const lastUse = (tokens: LockedEnrollmentToken[]): Date | null =>
  tokens.map(({ usedAt }) => usedAt).reduce((latest, at) => (at && (!latest || at > latest) ? at : latest), null);

/** Writes the verdict and everything that follows from it. */
async function settle(
  deps: VerifyEnrollmentDeps,
  tx: Transaction,
  input: { row: { id: string; botId: string }; request: EnrollRequest; verdict: EnrollmentVerdict },
): Promise<void> {
  const { row, request, verdict } = input;
  const { botId } = row;
  const at = deps.now();
  if (verdict.kind === 'accept') await activate(deps, tx, { botId, request, at });
  if (verdict.kind === 'refuse' && verdict.alarm) {
    const { generation, machine_id } = request;
    await insertBotEvent(tx, botId, {
      id: deps.newId(),
      type: 'security.enrollment-token-reused',
      timestamp: at.toISOString(),
      severity: 'error',
      message: `A machine tried to enroll with a spent token: ${verdict.reason}`,
      data: { generation, machine_id, token_id: request.token_id, identity_thumbprint: jwkThumbprint(request.identity_key) },
    });
  }
  const { code, reason } = verdict.kind === 'refuse' ? verdict : { code: null, reason: null };
  await decideEnrollmentRequest(tx, row.id, code === null ? { state: 'accepted' } : { state: 'refused', code, reason }, at);
  await notify(tx, { topic: 'enrollment_decided', ids: [botId] });
}

/** Refused rather than left pending: it would be looked at for ever. */
async function refuseUnreadable(deps: VerifyEnrollmentDeps, tx: Transaction, row: { id: string; botId: string }) {
  const verdict = { kind: 'refuse', code: 'enrollment-refused', reason: 'The request cannot be read', alarm: false } as const;
  await decideEnrollmentRequest(tx, row.id, { state: 'refused', code: verdict.code, reason: verdict.reason }, deps.now());
  await notify(tx, { topic: 'enrollment_decided', ids: [row.botId] });
  return { verdict, generation: null };
}

async function activate(deps: VerifyEnrollmentDeps, tx: Transaction, input: { botId: string; request: EnrollRequest; at: Date }): Promise<void> {
  const { botId, request, at } = input;
  const { credential_id: id, generation, identity_key: identityJwk, sealing_key: sealingJwk } = request;
  await markTokenUsed(tx, request.token_id, jwkThumbprint(identityJwk), at);
  await supersedeCredentials(tx, botId, at);
  await insertCredential(tx, { id, botId, generation, secretHash: request.credential_hash, identityJwk, sealingJwk, createdAt: at });
  await sealSecrets(deps, tx, { botId, secrets: await openSecrets(deps, tx, botId), credentials: [{ id, sealingJwk }] });
  const after = { credential_id: id, generation, machine_id: request.machine_id };
  const actor = `machine:${request.machine_id}`;
  await insertAuditEntry(tx, { id: deps.newId(), botId, actor, action: 'enroll', before: null, after, requestId: null });
  await notify(tx, { topic: 'credential', ids: [botId] });
}

function report(logger: Logger, botId: string, { verdict, generation }: { verdict: EnrollmentVerdict; generation: number | null }): void {
  const line = { bot_id: botId, generation };
  if (verdict.kind !== 'refuse') return logger.info(line, 'a machine enrolled');
  logger.warn({ ...line, code: verdict.code, reason: verdict.reason }, 'an enrollment was refused');
}
