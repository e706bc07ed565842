/** A machine with our fleet's tag whose bot the database does not know. */
export type Orphan = {
  providerId: string;
  /** When a sweep saw it first, by the database's clock. */
  firstSeenAt: Date;
  /** Somebody looked at it and wants it destroyed. */
  approved: boolean;
  /** US dollars; null when the driver does not know. */
  monthlyUsd: number | null;
};

export type ReapingFacts = {
  now: Date;
  orphans: readonly Orphan[];
  /** Machines whose bot is known. */
  known: number;
  /** `report`: nothing but what somebody approved is destroyed. */
  mode: 'report' | 'destroy';
  /** A machine, a credential or a report is ahead of this database: it is an older copy, and may be missing bots. */
  databaseIsBehind: boolean;
};

export type ReapingPlan = {
  /** Provider ids, at most MAX_REAPED_PER_RUN. */
  destroy: string[];
  /** Why the others live on, in a sentence for the operator; null when there are none. */
  held: string | null;
  /** What the orphans cost a month as far as is known, in US dollars. */
  monthlyUsd: number;
};

/** Machines without a bot that one sweep destroys at most: a mistake is noticed before it is expensive. */
export const MAX_REAPED_PER_RUN = 5;
/** A machine without a bot is at least reported this long before it is destroyed, in milliseconds. */
export const ORPHAN_GRACE_MS = 10 * 60_000;

/** Above this many the database must be wrong rather than the machines. */
export const orphanLimit = (known: number): number => Math.max(5, Math.floor(known / 10));

/**
 * Which machines without a bot to destroy now. A bot is written down before its machine is asked for and its row is never
 * deleted, so such a machine is the work of another database: of a copy of this one, or of this one before it was set
 * back. Therefore nothing is destroyed by itself unless the operator chose that, and even then only after a time in which
 * it was reported, few at once, and not when there are so many, or other signs, that rather the database is wrong.
 * What somebody approved by name is destroyed in every case.
 */
export function planReaping({ now, orphans, known, mode, databaseIsBehind }: ReapingFacts): ReapingPlan {
  const monthlyUsd = orphans.reduce((sum, orphan) => sum + (orphan.monthlyUsd ?? 0), 0);
  const approved = orphans.filter((orphan) => orphan.approved);
  const others = orphans.filter((orphan) => !orphan.approved);
  const held = whyHeld({ others: others.length, orphans: orphans.length, known, mode, databaseIsBehind });
  const ripe = held === null ? others.filter(({ firstSeenAt }) => now.getTime() - firstSeenAt.getTime() >= ORPHAN_GRACE_MS) : [];
  const destroy = [...approved, ...ripe].slice(0, MAX_REAPED_PER_RUN).map(({ providerId }) => providerId);
  const waiting = held === null && ripe.length < others.length ? 'They are destroyed once they have been reported for ten minutes' : null;
  return { destroy, held: held ?? waiting, monthlyUsd };
}

function whyHeld(input: { others: number; orphans: number; known: number; mode: 'report' | 'destroy'; databaseIsBehind: boolean }): string | null {
  if (input.others === 0) return null;
  if (input.databaseIsBehind) return 'This database is behind its fleet, as after a restore: somebody must look';
  if (input.orphans > orphanLimit(input.known)) return `More than ${orphanLimit(input.known)} machines have no bot, so rather the database is wrong: somebody must look`;
  return input.mode === 'report' ? 'Nothing is destroyed unless somebody approves it (admin approve-orphans)' : null;
}
