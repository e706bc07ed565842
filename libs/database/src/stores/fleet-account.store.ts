import type { Pool } from 'pg';

/** Of SQL: machines of this database are in an account of a provider, or may be. */
export const SOME_ARE_LEFT = `EXISTS (SELECT 1 FROM machine WHERE driver NOT IN ('unassigned', 'local') AND state <> 'gone'
  AND (provider_id IS NOT NULL OR state NOT IN ('wanted', 'failed')))`;

/**
 * The first account that machines are to be made in is the fleet's: any other one would say of all of them, truthfully,
 * that it has none. Answers with the fleet's account: with another one's token nothing may be concluded. "admin
 * adopt-fleet" frees an installation of its account once no machine is left there.
 */
export async function claimFleetAccount(pool: Pool, account: string): Promise<string> {
  await pool.query({ name: 'claim-fleet-account', text: 'UPDATE installation SET fleet_account = $1 WHERE fleet_account IS NULL', values: [account] });
  const { rows } = await pool.query<{ account: string }>({ name: 'fleet-account', text: 'SELECT fleet_account AS account FROM installation' });
  if (!rows[0]) throw new Error('This database is not initialised yet: run "admin init" first');
  return rows[0].account;
}
