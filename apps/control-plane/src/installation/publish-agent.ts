import { insertAuditEntry, newestAgentBuild, publishAgentBuild, type Transaction } from '@trawling/database';
import { sha256Of } from '@trawling/domain';
import { ADMIN_ACTOR } from './admin-actor.js';

/** Stores an agent file; new config versions name it from now on. Publishing an older one makes it the newest again. */
export async function publishAgent(
  deps: { transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>; now: () => Date; newId: () => string },
  input: { content: Uint8Array<ArrayBuffer>; version: string },
): Promise<{ sha256: string; version: string; bytes: number }> {
  const { content, version } = input;
  const sha256 = sha256Of(content);
  await deps.transaction(async (tx) => {
    const newest = await newestAgentBuild(tx);
    if (newest?.sha256 === sha256 && newest.version === version) return;
    await publishAgentBuild(tx, { sha256, version, content, at: deps.now() });
    const after = { sha256, version, bytes: content.length };
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor: ADMIN_ACTOR, action: 'publish-agent', before: null, after, requestId: null });
  });
  return { sha256, version, bytes: content.length };
}
