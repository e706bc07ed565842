import { insertAuditEntry } from '@trawling/database';
import type { Change } from './change.js';

/** Who, what, from, to: one row per change, in its transaction. `before` and `after` never hold a secret's value. */
export async function audit(
  deps: { newId: () => string },
  change: Change,
  entry: { botId: string; action: string; before: unknown; after: unknown },
): Promise<void> {
  await insertAuditEntry(change.tx, {
    ...entry,
    id: deps.newId(),
    actor: change.actor,
    requestId: change.requestId,
  });
}
