import { Ed25519PublicJwk, RotateCredentialRequest } from '@trawling/contracts';
import { verifyRotateCredentialRequest } from '@trawling/crypto';
import { notify, type Database } from '@trawling/database';

/** Decides every rotation that waits, by its proof alone, as the control plane does; answers how many it was. */
export async function decideRotations(db: Database): Promise<number> {
  const pending = await db.prisma.credentialRequest.findMany({ where: { state: 'pending' } });
  for (const { id, botId, request } of pending) await decide(db, { id, botId, request: RotateCredentialRequest.parse(request) });
  return pending.length;
}

async function decide(db: Database, row: { id: string; botId: string; request: RotateCredentialRequest }): Promise<void> {
  const { id, botId, request } = row;
  await db.transaction(async (tx) => {
    const current = await tx.botCredential.findUniqueOrThrow({ where: { id: request.replaces } });
    const verified = await verifyRotateCredentialRequest({ request, identityJwk: Ed25519PublicJwk.parse(current.identityJwk) });
    if (verified) {
      const { generation } = current;
      const keys: { identityJwk: object; sealingJwk: object } = JSON.parse(JSON.stringify({ identityJwk: current.identityJwk, sealingJwk: current.sealingJwk }));
      await tx.botCredential.create({
        data: { id: request.credential_id, botId, generation, secretHash: request.credential_hash, replacesId: current.id, ...keys },
      });
    }
    const verdict = verified ? { state: 'accepted' } : { state: 'refused', code: 'rotation-refused', reason: 'as decided' };
    await tx.credentialRequest.update({ where: { id }, data: { ...verdict, decidedAt: new Date() } });
    await notify(tx, { topic: 'credential', ids: [botId] });
  });
}
