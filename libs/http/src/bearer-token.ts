import { type IncomingMessage } from 'node:http';

/** The token of `Authorization: Bearer …`, or null. */
export function bearerToken(req: Pick<IncomingMessage, 'headers'>): string | null {
  return /^Bearer +([A-Za-z0-9._~+/=-]{1,500})$/i.exec(req.headers.authorization ?? '')?.[1] ?? null;
}
