import type { Pool } from 'pg';
import type { Prisma } from '../generated/prisma/client.js';
import { SOME_ARE_LEFT } from './fleet-account.store.js';

type Tx = Prisma.TransactionClient;

/**
 * What tells this database from a copy of it: the cluster's own number and the database's number in it. A dump that is
 * restored, wherever, has another one; a replica that is promoted keeps it.
 */
const IDENTITY = `(SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * Whether this database runs the fleet's machines, `another` does, of which this one is a copy, or `none` was ever said to:
 * `admin init` says it of each database that it sets up, so that no dump of one is without.
 */
export async function findFleetClaim(pool: Pool): Promise<'ours' | 'another' | 'none'> {
  const { rows } = await pool.query<{ claim: 'ours' | 'another' | 'none' }>({
    name: 'fleet-claim',
    text: `SELECT CASE WHEN fleet_database IS NULL THEN 'none' WHEN fleet_database = ${IDENTITY} THEN 'ours' ELSE 'another' END AS claim FROM installation`,
  });
  return rows[0]?.claim ?? 'none';
}

/**
 * From now on this database runs the fleet, and in another account if it wants to, once none of its machines is left in
 * the one before. Answers with the database that did.
 */
export async function adoptFleet(tx: Tx): Promise<{ before: string | null; after: string }> {
  const [row] = await tx.$queryRawUnsafe<{ before: string | null; after: string }[]>(
    `WITH old AS (SELECT fleet_database FROM installation)
     UPDATE installation SET fleet_database = ${IDENTITY}, fleet_account = CASE WHEN ${SOME_ARE_LEFT} THEN fleet_account END
     RETURNING (SELECT fleet_database FROM old) AS before, fleet_database AS after`,
  );
  if (!row) throw new Error('This database is not initialised yet: run "admin init" first');
  return row;
}
