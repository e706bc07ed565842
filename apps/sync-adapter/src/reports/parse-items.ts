import { type BatchResult } from '@trawling/contracts';
import type { z } from 'zod';
import { type SavedRows } from '../writes/save-rows.js';
import { unstorable } from './storable.js';

export type Rejection = BatchResult['rejected'][number];

export interface ParsedItems<T> {
  items: T[];
  /** Where each of `items` stood in the request. */
  places: number[];
  rejected: Rejection[];
}

/**
 * Each item stands alone: one bad item never costs the others. `refuse` names a reason beyond the schema, or null.
 * Checks before it parses, because a schema for any JSON recurses as deep as the value does.
 */
export function parseItems<S extends z.ZodType>(
  schema: S,
  raw: readonly unknown[],
  refuse: (item: z.output<S>) => string | null,
): ParsedItems<z.output<S>> {
  const items: z.output<S>[] = [];
  const places: number[] = [];
  const rejected: Rejection[] = [];
  raw.forEach((value, index) => {
    const outcome = parseItem(schema, value, refuse);
    if ('reason' in outcome) return void rejected.push({ index, reason: outcome.reason });
    items.push(outcome.item);
    places.push(index);
  });
  return { items, places, rejected };
}

/** The answer to a batch, given after its commit: `saved` tells of the parsed items, by their place among them. */
export function verdictOf({ items, places, rejected }: ParsedItems<unknown>, saved: SavedRows): BatchResult {
  const refused = saved.refused.map((place) => ({ index: places[place] ?? place, reason: 'cannot be stored' }));
  return {
    accepted: saved.added,
    duplicates: items.length - saved.added - refused.length,
    rejected: [...rejected, ...refused].sort((a, b) => a.index - b.index),
  };
}

function parseItem<S extends z.ZodType>(
  schema: S,
  value: unknown,
  refuse: (item: z.output<S>) => string | null,
): { item: z.output<S> } | { reason: string } {
  const [problem] = unstorable(value);
  if (problem) return { reason: sentence(problem.path, problem.message) };
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { reason: sentence(issue?.path.map(String).join('.') ?? '', issue?.message ?? 'does not match the contract') };
  }
  const reason = refuse(parsed.data);
  return reason === null ? { item: parsed.data } : { reason };
}

const sentence = (path: string, message: string): string => (path === '' ? message : `${path}: ${message}`).slice(0, 300);
