import { type Transaction } from '../prisma.js';
import { type Queryable } from '../queryable.js';
import { changeChannel, encodeChange, type Change } from './change.js';

/**
 * Tells every listener once the surrounding transaction commits; nothing is sent when it rolls back.
 * A change of many rows is one call.
 */
export async function notify(tx: Transaction | Queryable, change: Change): Promise<void> {
  const payload = encodeChange(change);
  if ('$executeRaw' in tx) await tx.$executeRaw`SELECT pg_notify(${changeChannel}, ${payload})`;
  else await tx.query({ text: 'SELECT pg_notify($1, $2)', values: [changeChannel, payload] });
}
