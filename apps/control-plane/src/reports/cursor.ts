import { DomainError } from '@trawling/contracts';
import type { z } from 'zod';

/** Where a page ended, opaque to who carries it. */
export const makeCursor = (position: object): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** Throws DomainError `invalid-request` for anything this list did not hand out. */
export function readCursor<S extends z.ZodType>(Position: S, cursor: string): z.output<S> {
  const position = Position.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (position.success) return position.data;
  const issues = [{ path: 'cursor', message: 'is not one that this list handed out' }];
  throw new DomainError('invalid-request', 'cursor: is not one that this list handed out', { issues });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
