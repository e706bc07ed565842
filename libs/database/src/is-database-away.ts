/** SQLSTATEs that say "not now": of connection, resources, operator intervention, and a statement that waited too long; Node's socket errors; Prisma's own. */
const NOT_NOW = /^(?:08|53|57P)|^57014$|^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P1\d{3}|P2024|P2028)$/;
/** pg gives these without a code. */
const NOT_NOW_MESSAGE = /timeout exceeded when trying to connect|connection terminated|client has encountered a connection error|query read timeout/i;

/** Whether the database may be able to do it a moment later. Whether what was asked has happened is then unknown. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ([member(error, 'code'), sqlStateBehind(error)].some((code) => typeof code === 'string' && NOT_NOW.test(code))) return true;
  return NOT_NOW_MESSAGE.test(error.message) || isDatabaseAway(error.cause);
}

/** Prisma 7 gives what it has no code of its own for a general one, and keeps Postgres' own at this place. */
function sqlStateBehind(error: Error): unknown {
  return ['meta', 'driverAdapterError', 'cause', 'originalCode'].reduce<unknown>(member, error);
}

const member = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined);
