import { type EnrollRequest, X25519PublicJwk } from '@trawling/contracts';
import { generateEd25519, generateX25519, hashToken, makeEnrollRequest, makeToken, parseToken, sealBytes } from '@trawling/crypto';
import { notify } from '@trawling/database';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { randomBytes } from 'node:crypto';
import type { TestControlPlane } from './open-test-control-plane.js';

/** The keys a machine makes for itself. */
export const makeMachineKeys = () => {
  const credentialId = uuid7();
  return { identity: generateEd25519(), sealing: generateX25519(), credentialId, credential: makeToken('ttb', credentialId, randomBytes) };
};
export type MachineKeys = ReturnType<typeof makeMachineKeys>;

/** What the provisioner does before it makes a machine. `expiresInSeconds` may be negative. */
export async function makeEnrollmentToken(
  { owner }: TestControlPlane,
  of: { botId: string; generation?: number; expiresInSeconds?: number },
): Promise<{ id: string; secret: string }> {
  const installation = await owner.prisma.installation.findFirstOrThrow();
  const id = uuid7();
  const secret = parseToken(makeToken('tte', id, randomBytes))?.secret ?? '';
  const sealedSecret = await sealBytes(X25519PublicJwk.parse(installation.tokenSealingJwk), secret);
  const { botId, generation = 1, expiresInSeconds = 600 } = of;
  const expiresAt = new Date(Date.now() + expiresInSeconds * 1000);
  await owner.prisma.enrollmentToken.create({ data: { id, botId, generation, sealedSecret, expiresAt } });
  return { id, secret };
}

export async function enrollRequest(input: {
  botId: string;
  token: { id: string; secret: string };
  keys: MachineKeys;
  generation?: number;
}): Promise<EnrollRequest> {
  const { botId, token, keys, generation = 1 } = input;
  return makeEnrollRequest({
    transcript: {
      bot_id: botId,
      generation,
      token_id: token.id,
      machine_id: `local-${botId}-g${generation}`,
      identity_key: keys.identity.publicJwk,
      sealing_key: keys.sealing.publicJwk,
      credential_id: keys.credentialId,
      credential_hash: hashToken(keys.credential),
    },
    identityPrivateJwk: keys.identity.privateJwk,
    tokenSecret: token.secret,
  });
}

export type Decision = { state: string; code: string | null; reason: string | null };

/** What the sync-adapter does with a request; resolves with the control plane's verdict. */
export async function record({ owner }: TestControlPlane, request: EnrollRequest): Promise<Decision> {
  const id = uuid7();
  await owner.transaction(async (tx) => {
    // A repetition of the same request would find the first one's row; here each gets its own.
    const requestHash = sha256Of(canonicalJson({ ...request, id }));
    await tx.enrollmentRequest.create({ data: { id, botId: request.bot_id, tokenId: request.token_id, request, requestHash } });
    await notify(tx, { topic: 'enrollment_requested', ids: [request.bot_id] });
  });
  const decided = async () => (await owner.prisma.enrollmentRequest.findUniqueOrThrow({ where: { id } })).state !== 'pending';
  await until(decided, { timeoutMs: 8_000 });
  const { state, code, reason } = await owner.prisma.enrollmentRequest.findUniqueOrThrow({ where: { id } });
  return { state, code, reason };
}

/** A machine with new keys and a new token. */
export async function enroll(controlPlane: TestControlPlane, botId: string, generation = 1): Promise<{ keys: MachineKeys; decision: Decision }> {
  const token = await makeEnrollmentToken(controlPlane, { botId, generation });
  const keys = makeMachineKeys();
  return { keys, decision: await record(controlPlane, await enrollRequest({ botId, token, keys, generation })) };
}
