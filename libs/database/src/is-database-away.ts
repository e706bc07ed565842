/** SQLSTATE classes that say "not now": connection, resources, operator intervention; Node's socket errors; Prisma's own. */
const NOT_NOW = /^(?:08|53|57P)|^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|P1\d{3}|P2024|P2028)$/;
/** pg gives these without a code. */
const NOT_NOW_MESSAGE = /timeout exceeded when trying to connect|connection terminated|client has encountered a connection error|query read timeout/i;

/** Whether the database may be able to do it a moment later. Whether what was asked has happened is then unknown. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && NOT_NOW.test(error.code)) return true;
  return NOT_NOW_MESSAGE.test(error.message) || isDatabaseAway(error.cause);
}
