import { Ed25519PublicJwk, X25519PublicJwk } from '@trawling/contracts';
import { generateEd25519, generateX25519, hashToken, makeEnrollRequest, makeToken, parseToken, sealBytes } from '@trawling/crypto';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Rig } from './rig.js';

export type RigMachine = {
  botId: string;
  credential: string;
  credentialId: string;
  rootPublicJwk: z.infer<typeof Ed25519PublicJwk>;
  identity: ReturnType<typeof generateEd25519>;
};

const Keys = z.object({ root_public_jwk: Ed25519PublicJwk, token_sealing_jwk: X25519PublicJwk });

/** What the provisioner does for a machine before it exists: a one-time token, its secret sealed to the control plane. */
async function issueToken(rig: Rig, botId: string, generation: number) {
  const [row] = await rig.query('SELECT root_public_jwk, token_sealing_jwk FROM installation');
  const keys = Keys.parse(row);
  const id = uuid7();
  const secret = parseToken(makeToken('tte', id, randomBytes))?.secret ?? '';
  const sealed = await sealBytes(keys.token_sealing_jwk, secret);
  await rig.query(
    `INSERT INTO enrollment_token (id, bot_id, generation, sealed_secret, expires_at) VALUES ($1, $2, $4, $3, now() + interval '1 hour')`,
    [id, botId, sealed, generation],
  );
  return { id, secret, rootPublicJwk: keys.root_public_jwk };
}

/** A machine's request to be enrolled, made once, with keys of its own; and what it is afterwards. */
export async function makeEnrollment(rig: Rig, botId: string, generation = 1) {
  const token = await issueToken(rig, botId, generation);
  const identity = generateEd25519();
  const credentialId = uuid7();
  const credential = makeToken('ttb', credentialId, randomBytes);
  const request = await makeEnrollRequest({
    transcript: {
      bot_id: botId, generation, token_id: token.id, machine_id: 'rig',
      identity_key: identity.publicJwk, sealing_key: generateX25519().publicJwk,
      credential_id: credentialId, credential_hash: hashToken(credential),
    },
    identityPrivateJwk: identity.privateJwk,
    tokenSecret: token.secret,
  });
  const machine: RigMachine = { botId, credential, credentialId, identity, rootPublicJwk: token.rootPublicJwk };
  return { request, machine };
}

/** A bot of the API with an enrolled machine. */
export async function enrolledBot(rig: Rig, name: string): Promise<RigMachine> {
  const { bot_id: botId } = await rig.api.createBot({ owner_id: 'rig', settings: { name } });
  return enrollMachine(rig, botId);
}

/** A machine of this generation with a credential of its own. */
export async function enrollMachine(rig: Rig, botId: string, generation = 1): Promise<RigMachine> {
  const { request, machine } = await makeEnrollment(rig, botId, generation);
  for (;;) {
    const answer = await fetch(`${rig.syncAdapterUrl}/bots/${botId}/enroll`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(request),
    });
    if (answer.status === 201) return machine;
    if (answer.status !== 202) throw new Error(`not enrolled: ${answer.status} ${await answer.text()}`);
  }
}
