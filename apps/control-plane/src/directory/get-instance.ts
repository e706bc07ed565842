import { DomainError, type InstanceDetail } from '@trawling/contracts';
import { findInstanceRows, listInstanceHistory, type Transaction } from '@trawling/database';
import type { Caller } from '../auth/caller.js';
import { historyEntry, instanceView } from './instance-view.js';

const HISTORY_SHOWN = 50;

/** One instance with what it was. Throws DomainError `instance-not-found`, also for what this key may not see. */
export async function getInstance(deps: { db: Transaction }, input: { caller: Caller; instanceId: string }): Promise<InstanceDetail> {
  const { caller, instanceId } = input;
  const rows = await findInstanceRows(deps.db, [instanceId]);
  const row = rows.find((one) => caller.ownerId === null || one.owner_id === caller.ownerId);
  if (!row) throw new DomainError('instance-not-found', `No instance ${instanceId}`);
  const history = await listInstanceHistory(deps.db, row.instance_id, HISTORY_SHOWN);
  return { ...instanceView(row), history: history.map(historyEntry) };
}
