/** Fleets below this size may well all be off at once. */
const SMALLEST_FLEET = 10;

/** One bot that was last said to be online and whose lease has ended. Times by the database's clock. */
export type SilentBot = { botId: string; leaseExpiresAt: Date; leaseMs: number };

/**
 * Which of the silent bots to call offline now. When more than half of a fleet falls silent together, it is rather
 * something between them and us: then each is given one more lease, and `held` says so.
 */
export function silenceVerdict(input: { silent: readonly SilentBot[]; online: number; now: Date }): { offline: string[]; held: boolean } {
  const { silent, online, now } = input;
  const suspicious = online >= SMALLEST_FLEET && silent.length * 2 > online;
  const offline = suspicious
    ? silent.filter(({ leaseExpiresAt, leaseMs }) => leaseExpiresAt.getTime() + leaseMs <= now.getTime())
    : silent;
  return { offline: offline.map(({ botId }) => botId), held: offline.length < silent.length };
}
