import type { CredentialRotation, RotateCredentialRequest } from '@trawling/contracts';
import { hashToken, makeRotateCredentialRequest, makeToken } from '@trawling/crypto';
import { insertCredentialRequest } from '@trawling/database';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { randomBytes } from 'node:crypto';
import type { Decision, MachineKeys } from './enroll.js';
import type { TestControlPlane } from './open-test-control-plane.js';

/** A new credential of a machine that keeps its keys. */
export const makeCandidate = (keys: MachineKeys): MachineKeys => {
  const credentialId = uuid7();
  return { ...keys, credentialId, credential: makeToken('ttb', credentialId, randomBytes) };
};

/** What a machine sends for its candidate; `signer` is the one whose identity key signs. */
export const rotateRequest = (
  input: { botId: string; keys: MachineKeys; candidate: MachineKeys; signer?: MachineKeys; change?: Partial<CredentialRotation> },
): Promise<RotateCredentialRequest> =>
  makeRotateCredentialRequest({
    rotation: {
      bot_id: input.botId,
      generation: 1,
      replaces: input.keys.credentialId,
      credential_id: input.candidate.credentialId,
      credential_hash: hashToken(input.candidate.credential),
      ...input.change,
    },
    identityPrivateJwk: (input.signer ?? input.keys).identity.privateJwk,
  });

/** What the sync-adapter does with a request; resolves with the control plane's verdict. `again`: as another row. */
export async function recordRotation({ owner }: TestControlPlane, request: RotateCredentialRequest, again = ''): Promise<Decision> {
  const id = uuid7();
  const requestHash = sha256Of(canonicalJson(request) + again);
  const row = { id, botId: request.bot_id, credentialId: request.replaces, request, requestHash };
  await owner.transaction((tx) => insertCredentialRequest(tx, row));
  const decided = async () => (await owner.prisma.credentialRequest.findUniqueOrThrow({ where: { requestHash } })).state !== 'pending';
  await until(decided, { timeoutMs: 8_000 });
  const { state, code, reason } = await owner.prisma.credentialRequest.findUniqueOrThrow({ where: { requestHash } });
  return { state, code, reason };
}
