import { insertAuditEntry, lockBot, revokeRotated, type Transaction } from '@trawling/database';
import type { Logger } from '@trawling/runtime';

export type RetireReplacedDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  now: () => Date;
  newId: () => string;
  logger: Logger;
};

/**
 * Ends a credential whose successor was used. Its holder hears 401 from that first use on; this writes it down for good
 * and forgets what was sealed to it. Doing it again changes nothing.
 */
export async function retireReplaced(deps: RetireReplacedDeps, input: { credentialId: string; botId: string }): Promise<void> {
  const { credentialId, botId } = input;
  const retired = await deps.transaction(async (tx) => {
    await lockBot(tx, botId);
    if ((await revokeRotated(tx, { botId, credentialIds: [credentialId], at: deps.now() })) === 0) return false;
    const entry = { id: deps.newId(), botId, actor: 'control-plane', action: 'retire-credential', requestId: null };
    await insertAuditEntry(tx, { ...entry, before: { credential_id: credentialId }, after: null });
    return true;
  });
  if (retired) deps.logger.info({ bot_id: botId, credential_id: credentialId }, 'a credential was replaced');
}
