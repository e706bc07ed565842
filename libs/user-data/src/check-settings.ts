import { makeToken } from '@trawling/crypto';
import { z } from 'zod';
import { renderUserData } from './render-user-data.js';
import { type UserDataInput } from './user-data-input.js';

/** What the user data of all machines has in common. */
export type SharedSettings = Pick<UserDataInput, 'sync_adapter_url' | 'data_retrieval_url' | 'sources' | 'ca_certificate_pem'>;

const NOBODY = '00000000-0000-7000-8000-000000000000';
const digest = `sha256:${'0'.repeat(64)}` as const;
const integrity = `sha512-${'A'.repeat(86)}==`;

/**
 * Renders the user data of nobody's machine, so that what is wrong with all of them is known before the first one.
 * Throws Error with a sentence.
 */
export function checkSharedSettings(settings: SharedSettings): void {
  try {
    renderUserData({
      ...settings,
      bot_id: NOBODY,
      generation: 1,
      installation_id: NOBODY,
      root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
      agent_sha256: digest,
      enrollment_token: makeToken('tte', NOBODY, (size) => new Uint8Array(size)),
      packages: {
        openclaw: { version: '2026.10.10', lock_sha256: digest },
        node: { version: '24.10.10', integrity: { x64: integrity, arm64: integrity } },
        npm: { version: '11.10.10', integrity },
      },
    });
  } catch (error) {
    if (error instanceof z.ZodError) throw new Error(z.prettifyError(error), { cause: error });
    throw error;
  }
}
