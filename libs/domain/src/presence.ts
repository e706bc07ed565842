/** Fleets below this size may well all be off at once. */
const SMALLEST_FLEET = 10;
/** A lease is three heartbeat intervals at their longest and a margin (`leaseSeconds`): a third of it is more than one. */
const INTERVALS_IN_LEASE = 3;

/** One bot that was last said to be online and whose lease has ended. Times by the database's clock. */
export type SilentBot = { botId: string; leaseExpiresAt: Date; leaseMs: number };

/**
 * Which of the silent bots to call offline now. When more than half of a fleet falls silent within one lease, it is
 * rather something between them and us: then each is given one more lease, and `held` says so.
 *
 * Leases end spread over a heartbeat interval even when all fall silent in the same moment. So in a fleet each bot
 * waits that long after its lease: who fell silent with it has shown by then. `online`: those last said to be online,
 * the silent ones among them; `calledOffline`: those called offline within their last lease, who are silent too.
 */
export function silenceVerdict(input: { silent: readonly SilentBot[]; online: number; calledOffline: number; now: Date }): { offline: string[]; held: boolean } {
  const { silent, now } = input;
  const fleet = input.online + input.calledOffline;
  const suspicious = fleet >= SMALLEST_FLEET && (silent.length + input.calledOffline) * 2 > fleet;
  const patience = suspicious ? 1 : fleet >= SMALLEST_FLEET ? 1 / INTERVALS_IN_LEASE : 0;
  const offline = silent.filter(({ leaseExpiresAt, leaseMs }) => leaseExpiresAt.getTime() + leaseMs * patience <= now.getTime());
  return { offline: offline.map(({ botId }) => botId), held: suspicious && offline.length < silent.length };
}
