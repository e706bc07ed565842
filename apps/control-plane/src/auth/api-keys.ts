import { DomainError, OwnerId, type Role } from '@trawling/contracts';
import { hashToken, makeToken } from '@trawling/crypto';
import { insertApiKey, insertAuditEntry, revokeApiKeyRow, type Transaction } from '@trawling/database';

export type ApiKeyDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  now: () => Date;
  newId: () => string;
  randomBytes: (size: number) => Buffer;
};

/**
 * A new API key. The answer is the only place where it ever is; the database keeps its hash.
 * Role `owner` needs an owner; role `publisher`, which sees nothing, has none; with another role an owner narrows what the key sees.
 */
export async function createApiKey(
  deps: ApiKeyDeps,
  input: { name: string; role: Role; ownerId: string | null; actor: string },
): Promise<{ id: string; key: string }> {
  const { name, role, ownerId, actor } = input;
  if (role === 'owner' && ownerId === null) throw new DomainError('invalid-request', 'A key with role owner needs an owner');
  if (role === 'publisher' && ownerId !== null) throw new DomainError('invalid-request', 'A key with role publisher has no owner: services are nobody’s');
  if (ownerId !== null) OwnerId.parse(ownerId);
  const id = deps.newId();
  const key = makeToken('ttk', id, deps.randomBytes);
  await deps.transaction(async (tx) => {
    await insertApiKey(tx, { id, name, role, ownerId, secretHash: hashToken(key), createdAt: deps.now() });
    const after = { id, name, role, owner_id: ownerId };
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor, action: 'create-api-key', before: null, after, requestId: null });
  });
  return { id, key };
}

/** Takes effect with the next request. Throws DomainError `not-found` when there is no such key. */
export async function revokeApiKey(deps: ApiKeyDeps, input: { id: string; actor: string }): Promise<void> {
  await deps.transaction(async (tx) => {
    if (!(await revokeApiKeyRow(tx, input.id, deps.now()))) throw new DomainError('not-found', `No API key ${input.id}`);
    const { id, actor } = input;
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor, action: 'revoke-api-key', before: { id }, after: null, requestId: null });
  });
}
