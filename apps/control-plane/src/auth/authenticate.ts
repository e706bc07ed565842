import { DomainError, Role, Uuid } from '@trawling/contracts';
import { hashToken, parseToken, tokenMatches } from '@trawling/crypto';
import { type Transaction, findApiKey } from '@trawling/database';
import type { Caller } from './caller.js';

/** Compared when there is no such key, so that guessing an id takes as long as guessing a secret. */
const NOBODY = hashToken('nobody');

/** Who holds this API key. Throws DomainError `unauthenticated` for anything but a key that is known and not revoked. */
export async function authenticate(deps: { db: Transaction }, bearer: string | null): Promise<Caller> {
  const token = bearer === null ? null : parseToken(bearer);
  const wellFormed = token !== null && token.prefix === 'ttk' && Uuid.safeParse(token.id).success;
  const key = wellFormed ? await findApiKey(deps.db, token.id) : null;
  const matches = tokenMatches(bearer ?? '', key?.secretHash ?? NOBODY);
  const role = Role.safeParse(key?.role);
  if (!key || !matches || key.revokedAt !== null || !role.success) {
    throw new DomainError('unauthenticated', 'Send a valid API key: Authorization: Bearer ttk_…');
  }
  return { keyId: key.id, role: role.data, ownerId: key.ownerId };
}
