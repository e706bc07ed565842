import { insertAuditEntry, publishOpenclawLock, type Transaction } from '@trawling/database';
import { machinePackages } from '@trawling/user-data';
import { ADMIN_ACTOR } from './admin-actor.js';

/**
 * Stores the lock that machines install OpenClaw from; new machines of bots with its OpenClaw version get it from now on.
 * Publishing an older one makes it the newest again. Throws when the lock does not pin what a machine needs.
 */
export async function publishOpenclaw(
  deps: { transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>; now: () => Date; newId: () => string },
  input: { lock: Uint8Array<ArrayBuffer> },
): Promise<{ sha256: string; openclaw_version: string; node_version: string }> {
  const packages = machinePackages(Buffer.from(input.lock));
  const { version, lock_sha256: sha256 } = packages.openclaw;
  const result = { sha256, openclaw_version: version, node_version: packages.node.version };
  await deps.transaction(async (tx) => {
    const isNew = await publishOpenclawLock(tx, { sha256, openclawVersion: version, packages, content: input.lock, at: deps.now() });
    if (!isNew) return;
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor: ADMIN_ACTOR, action: 'publish-openclaw', before: null, after: result, requestId: null });
  });
  return result;
}
