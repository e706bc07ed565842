import { type BatchResult } from '@trawling/contracts';
import type { z } from 'zod';
import { unstorable } from './storable.js';

export type Rejection = BatchResult['rejected'][number];

export interface ParsedItems<T> {
  items: T[];
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
  const rejected: Rejection[] = [];
  raw.forEach((value, index) => {
    const outcome = parseItem(schema, value, refuse);
    if ('reason' in outcome) rejected.push({ index, reason: outcome.reason });
    else items.push(outcome.item);
  });
  return { items, rejected };
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
