import { RefusedDataError } from '@trawling/database';

export interface SavedRows {
  /** How many were new. */
  added: number;
  /** Places of those the database would not keep, in ascending order. */
  refused: number[];
}

/**
 * Stores rows of one bot. They are checked before; should Postgres refuse one nevertheless, the others are stored and
 * it is named, so that a bot gets past it in its spool.
 */
export async function saveRows<Row>(save: (rows: readonly Row[]) => Promise<number>, rows: readonly Row[]): Promise<SavedRows> {
  if (rows.length === 0) return { added: 0, refused: [] };
  try {
    return { added: await save(rows), refused: [] };
  } catch (error) {
    if (!(error instanceof RefusedDataError)) throw error;
    if (rows.length === 1) return { added: 0, refused: [0] };
  }
  const half = Math.ceil(rows.length / 2);
  const first = await saveRows(save, rows.slice(0, half));
  const second = await saveRows(save, rows.slice(half));
  return { added: first.added + second.added, refused: [...first.refused, ...second.refused.map((place) => half + place)] };
}
