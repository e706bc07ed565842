import type { Queryable } from '../queryable.js';

/** What waits for the control plane: requests that nobody has decided, by what they are about. */
export async function decisionsWaiting(db: Queryable): Promise<{ enrollment: number; rotation: number }> {
  const { rows } = await db.query<{ enrollment: number; rotation: number }>({
    name: 'decisions-waiting',
    text: `SELECT (SELECT count(*) FROM enrollment_request WHERE state = 'pending')::int AS enrollment,
      (SELECT count(*) FROM credential_request WHERE state = 'pending')::int AS rotation`,
  });
  return rows[0] ?? { enrollment: 0, rotation: 0 };
}

/** Machines that were given a token and have neither enrolled nor run out of time, by the database's clock. */
export async function enrollmentsOutstanding(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'enrollments-outstanding',
    text: 'SELECT count(*)::int AS count FROM enrollment_token WHERE used_at IS NULL AND expires_at > now()',
  });
  return rows[0]?.count ?? 0;
}

/** Rows of machines by their state, those that are gone included: rows are never removed. */
export async function machinesByState(db: Queryable): Promise<{ state: string; count: number }[]> {
  const { rows } = await db.query<{ state: string; count: number }>({
    name: 'machines-by-state',
    text: 'SELECT state, count(*)::int AS count FROM machine GROUP BY state ORDER BY state',
  });
  return rows;
}
