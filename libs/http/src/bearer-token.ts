import { type IncomingMessage } from 'node:http';

/** The token of `Authorization: Bearer …`, or null. */
export const bearerToken = (req: Pick<IncomingMessage, 'headers'>): string | null => bearerTokenOf(req.headers.authorization);

/** The token of such a header's value, or null. */
export const bearerTokenOf = (authorization: string | undefined): string | null =>
  /^Bearer +([A-Za-z0-9._~+/=-]{1,500})$/i.exec(authorization ?? '')?.[1] ?? null;
