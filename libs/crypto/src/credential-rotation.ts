import { CredentialRotation, type Ed25519PublicJwk, type RotateCredentialRequest } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { sign, verify } from './jws.js';
import { type Ed25519PrivateJwk, jwkThumbprint } from './keys.js';

/** Signs the rotation with the machine's identity key. The same rotation gives the same request, so asking again is harmless. */
export async function makeRotateCredentialRequest(input: {
  rotation: CredentialRotation;
  identityPrivateJwk: Ed25519PrivateJwk;
}): Promise<RotateCredentialRequest> {
  const rotation = CredentialRotation.parse(input.rotation);
  const proof = await sign({
    text: canonicalJson(rotation),
    purpose: 'trawling-credential-rotation',
    kid: jwkThumbprint(input.identityPrivateJwk),
    privateJwk: input.identityPrivateJwk,
  });
  return { ...rotation, proof };
}

/**
 * Whether the holder of the machine's identity key asked for exactly this. Whose the replaced credential is, and whether
 * it is still good, are the caller's to check.
 */
export async function verifyRotateCredentialRequest(input: {
  request: RotateCredentialRequest;
  identityJwk: Ed25519PublicJwk;
}): Promise<boolean> {
  const { proof, ...rest } = input.request;
  const rotation = CredentialRotation.safeParse(rest);
  if (!rotation.success) return false;
  try {
    const signed = await verify({ jws: proof, purpose: 'trawling-credential-rotation', publicJwk: input.identityJwk });
    return signed === canonicalJson(rotation.data);
  } catch {
    return false;
  }
}
