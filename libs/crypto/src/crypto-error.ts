/** Why something sealed or signed is not accepted. `unknown-key`: ask for the key set again before giving up. */
export type CryptoErrorReason =
  | 'malformed'
  | 'unknown-key'
  | 'bad-signature'
  | 'wrong-purpose'
  | 'wrong-subject'
  | 'key-set-too-old'
  | 'cannot-open';

/** Never carries key material or plaintext. */
export class CryptoError extends Error {
  constructor(readonly reason: CryptoErrorReason, message: string) {
    super(message);
    this.name = 'CryptoError';
  }
}
