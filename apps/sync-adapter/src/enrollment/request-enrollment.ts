import { DomainError, type EnrollRequest, type EnrollResponse } from '@trawling/contracts';
import type { CredentialRow, EnrollmentRequestRow, EnrollmentTokenRow } from '@trawling/database';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { credentialVerdict, refuse } from '../authentication/credential-verdict.js';
import { requireRate } from '../limits/rate-limit.js';
import { type RouteLimits } from '../limits/route-limits.js';
import type { Watch } from '../changes/change-hub.js';
import { awaitVerdict, type RecordedRequest, refusedWith } from './await-verdict.js';

export interface RequestEnrollmentDeps {
  findEnrollmentToken: (tokenId: string) => Promise<EnrollmentTokenRow | null>;
  findEnrollmentRequest: (requestHash: string) => Promise<EnrollmentRequestRow | null>;
  /** Inserts the request unless it is there, and tells the control plane in the same transaction. */
  recordEnrollmentRequest: (row: { botId: string; tokenId: string; request: EnrollRequest; requestHash: string }) => Promise<void>;
  findCredential: (credentialId: string) => Promise<CredentialRow | null>;
  readKeySet: () => Promise<{ key_set: string }>;
  watch: (botId: string) => Watch;
  rateLimits: Pick<RouteLimits, 'enroll'>;
  now: () => Date;
  monotonicMs: () => number;
}

/**
 * Records a machine's request and waits up to `waitMs` for the control plane's verdict; null means not decided yet.
 * Only the control plane can check proof and MAC. The same request finds the same row, so a lost answer loses nothing.
 */
export async function requestEnrollment(
  deps: RequestEnrollmentDeps,
  input: { botId: string; request: EnrollRequest; waitMs: number },
): Promise<EnrollResponse | null> {
  const { botId, request } = input;
  if (request.bot_id !== botId) {
    throw new DomainError('invalid-request', 'The request is for another bot.', {
      issues: [{ path: 'bot_id', message: 'is not the bot of this address' }],
    });
  }
  const requestHash = sha256Of(canonicalJson(request));
  const row = await awaitVerdict(
    {
      ...deps,
      find: () => deps.findEnrollmentRequest(requestHash),
      record: async () => {
        await requireRecordable(deps, request);
        await deps.recordEnrollmentRequest({ botId, tokenId: request.token_id, request, requestHash });
      },
    },
    { botId, waitMs: input.waitMs },
  );
  return row && answerDecided(deps, request, row);
}

/** Only requests that name a real token of this bot and machine are kept: the table must not be open to the world. */
async function requireRecordable(deps: RequestEnrollmentDeps, request: EnrollRequest): Promise<void> {
  const token = await deps.findEnrollmentToken(request.token_id);
  if (!token || token.botId !== request.bot_id || token.generation !== request.generation) {
    throw new DomainError('enrollment-refused', 'The enrollment could not be verified.');
  }
  if (token.decommissionRequestedAt !== null) throw refuse('bot-decommissioned');
  if (token.generation < token.currentGeneration) throw refuse('machine-superseded');
  requireRate(deps.rateLimits.enroll(request.token_id));
}

/** A machine that was fenced since it enrolled hears so here as it does everywhere. */
async function answerDecided(deps: RequestEnrollmentDeps, request: EnrollRequest, row: RecordedRequest): Promise<EnrollResponse> {
  if (row.state !== 'accepted') throw refusedWith(row, 'enrollment-refused');
  const credential = await deps.findCredential(request.credential_id);
  const verdict = credential ? credentialVerdict(credential, request.bot_id) : 'unauthenticated';
  if (verdict) throw refuse(verdict);
  return {
    bot_id: request.bot_id,
    generation: request.generation,
    credential_id: request.credential_id,
    key_set: (await deps.readKeySet()).key_set,
    server_time: deps.now().toISOString(),
  };
}
