import { EnrollmentTranscript, type EnrollRequest } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { sign, verify } from './jws.js';
import { type Ed25519PrivateJwk, jwkThumbprint } from './keys.js';
import { tokenMac, tokenMacMatches } from './token-mac.js';

/** Why an enrollment is refused. `bad-mac`: not made with this token's secret. `bad-proof`: not by its identity key. */
export type EnrollRefusal = 'bad-mac' | 'bad-proof';

/** Signs the transcript with the machine's identity key and binds it to the token, whose secret stays here. */
export async function makeEnrollRequest(input: {
  transcript: EnrollmentTranscript;
  identityPrivateJwk: Ed25519PrivateJwk;
  /** The secret part of the enrollment token (`parseToken(token).secret`). */
  tokenSecret: string;
}): Promise<EnrollRequest> {
  const transcript = EnrollmentTranscript.parse(input.transcript);
  const proof = await sign({
    text: canonicalJson(transcript),
    purpose: 'trawling-enrollment',
    kid: jwkThumbprint(input.identityPrivateJwk),
    privateJwk: input.identityPrivateJwk,
  });
  return { ...transcript, proof, mac: macOf(transcript, input.tokenSecret) };
}

/**
 * Whether the machine that holds the token's secret made this request, with the identity key it names. Expiry, single
 * use and generation are the caller's to check.
 */
export async function verifyEnrollRequest(input: { request: EnrollRequest; tokenSecret: string }): Promise<true | EnrollRefusal> {
  const { proof, mac, ...rest } = input.request;
  const transcript = EnrollmentTranscript.safeParse(rest);
  if (!transcript.success) return 'bad-proof';
  if (!tokenMacMatches(mac, macInput(transcript.data, input.tokenSecret))) return 'bad-mac';
  try {
    const signed = await verify({ jws: proof, purpose: 'trawling-enrollment', publicJwk: transcript.data.identity_key });
    return signed === canonicalJson(transcript.data) ? true : 'bad-proof';
  } catch {
    return 'bad-proof';
  }
}

const macInput = (transcript: EnrollmentTranscript, tokenSecret: string) =>
  ({ tokenSecret, tokenId: transcript.token_id, purpose: 'enroll', value: transcript }) as const;

const macOf = (transcript: EnrollmentTranscript, tokenSecret: string): string => tokenMac(macInput(transcript, tokenSecret));
