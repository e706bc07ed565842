import { randomBytes } from 'node:crypto';
import { type IncomingMessage } from 'node:http';

const acceptableId = /^[A-Za-z0-9._:-]{1,100}$/;

/** The caller's X-Request-Id when it is sane. */
export function givenRequestId(req: Pick<IncomingMessage, 'headers'>): string | null {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && acceptableId.test(given) ? given : null;
}

/** The caller's id, or one of our own that costs next to nothing: random for the process, counted within it. */
export function makeRequestIds(): (req: Pick<IncomingMessage, 'headers'>) => string {
  const prefix = randomBytes(9).toString('base64url');
  let count = 0;
  return (req) => givenRequestId(req) ?? `${prefix}.${(count += 1).toString(36)}`;
}
