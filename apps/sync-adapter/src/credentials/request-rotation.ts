import { DomainError, type RotateCredentialRequest, type RotateCredentialResponse } from '@trawling/contracts';
import type { CredentialRequestRow } from '@trawling/database';
import { canonicalJson, sha256Of } from '@trawling/domain';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import type { Watch } from '../changes/change-hub.js';
import { awaitVerdict, refusedWith } from '../enrollment/await-verdict.js';

export interface RequestRotationDeps {
  findCredentialRequest: (requestHash: string) => Promise<CredentialRequestRow | null>;
  /** Inserts the request unless it is there, and tells the control plane in the same transaction. */
  recordCredentialRequest: (row: { botId: string; credentialId: string; request: RotateCredentialRequest; requestHash: string }) => Promise<void>;
  watch: (botId: string) => Watch;
  monotonicMs: () => number;
}

/**
 * Records a machine's wish for another credential and waits up to `waitMs` for the control plane, which alone can check
 * the proof; null means not decided yet. The same request finds the same row, so a lost answer loses nothing.
 */
export async function requestRotation(
  deps: RequestRotationDeps,
  input: { bot: CallingBot; request: RotateCredentialRequest; waitMs: number },
): Promise<RotateCredentialResponse | null> {
  const { bot, request } = input;
  const issues = [
    ...(request.bot_id === bot.botId ? [] : [{ path: 'bot_id', message: 'is not the bot of this address' }]),
    ...(request.generation === bot.generation ? [] : [{ path: 'generation', message: 'is not the generation of this credential' }]),
  ];
  if (issues.length > 0) throw new DomainError('invalid-request', 'The request is for another machine.', { issues });

  const requestHash = sha256Of(canonicalJson(request));
  const { botId, credentialId } = bot;
  const row = await awaitVerdict(
    {
      ...deps,
      find: () => deps.findCredentialRequest(requestHash),
      record: () => deps.recordCredentialRequest({ botId, credentialId, request, requestHash }),
    },
    { botId, waitMs: input.waitMs },
  );
  if (!row) return null;
  if (row.state !== 'accepted') throw refusedWith(row, 'rotation-refused');
  return { credential_id: request.credential_id };
}
