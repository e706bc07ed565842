import type { Pool } from 'pg';
import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/**
 * What tells this database from a copy of it: the cluster's own number and the database's number in it. A dump that is
 * restored, wherever, has another one; a replica that is promoted keeps it.
 */
const IDENTITY = `(SELECT system_identifier FROM pg_control_system()) || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * The first to ask runs the fleet's machines from this database. False when another database does: this one is a copy.
 * Before `admin init` nobody does.
 */
export async function claimFleet(pool: Pool): Promise<boolean> {
  await pool.query({ name: 'claim-fleet', text: `UPDATE installation SET fleet_database = ${IDENTITY} WHERE fleet_database IS NULL` });
  const { rows } = await pool.query<{ ours: boolean }>({ name: 'fleet-is-ours', text: `SELECT fleet_database = ${IDENTITY} AS ours FROM installation` });
  return rows[0]?.ours ?? false;
}

/** From now on this database runs the fleet. Answers with the one that did. */
export async function adoptFleet(tx: Tx): Promise<{ before: string | null; after: string }> {
  const [row] = await tx.$queryRawUnsafe<{ before: string | null; after: string }[]>(
    `WITH old AS (SELECT fleet_database FROM installation)
     UPDATE installation SET fleet_database = ${IDENTITY}
     RETURNING (SELECT fleet_database FROM old) AS before, fleet_database AS after`,
  );
  if (!row) throw new Error('This database is not initialised yet: run "admin init" first');
  return row;
}
