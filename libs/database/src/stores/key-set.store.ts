import type { Queryable } from '../queryable.js';

/** The signing keys agents may trust, as the compact JWS the root key made. */
export const keySetStore = (db: Queryable) => ({
  async findKeySet(): Promise<string | null> {
    const { rows } = await db.query<{ keySet: string }>({
      name: 'find-key-set',
      text: 'SELECT key_set AS "keySet" FROM installation',
      values: [],
    });
    return rows[0]?.keySet ?? null;
  },
});
