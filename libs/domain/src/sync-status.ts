import type { AckError, AckOutcome, SyncStatus } from '@trawling/contracts';

/** Paths named in one sentence; the rest is counted. */
const NAMED_PATHS = 3;

export type SyncState = {
  desired: { version: number; hash: string };
  /** What the bot last said it runs; null before its first report. `driftedPaths` as `driftedPaths` below gives them. */
  reported: {
    appliedVersion: number | null;
    appliedHash: string | null;
    /** The highest version the bot ever spoke of; above the desired one only after a restore of the database. */
    highestVersion?: number | null;
    driftedPaths?: readonly string[];
  } | null;
  /** The newest verdict the bot gave; may be about an older version. */
  ack: { version: number; outcome: AckOutcome; error: AckError | null } | null;
};

/**
 * How far the bot is, and one sentence an owner understands. Derived every time it is needed; never stored, so it
 * cannot disagree with its inputs. A verdict `failed` on the desired version outweighs a report that still names it:
 * verdicts are replaced by newer ones of the same version, reports may be older than both.
 */
export function syncStatus({ desired, reported, ack }: SyncState): { status: SyncStatus; message: string } {
  const verdict = ack?.version === desired.version ? ack : null;
  const applied = reported?.appliedVersion ?? null;
  if (verdict?.outcome === 'failed') {
    const why = verdict.error?.message ?? 'the bot gave no reason';
    const keeps = applied !== null && applied !== desired.version ? `; the bot keeps running version ${applied}` : '';
    return { status: 'failed', message: `Version ${desired.version} failed: ${why}${keeps}` };
  }
  if (applied === desired.version && reported?.appliedHash !== desired.hash) {
    return { status: 'drifted', message: `The bot runs something other than version ${desired.version} as it was issued` };
  }
  const highest = Math.max(applied ?? 0, reported?.highestVersion ?? 0);
  if (highest > desired.version) {
    const message = `The bot knows version ${highest}, newer than the desired ${desired.version}: change or retry it, and it follows again`;
    return { status: 'drifted', message };
  }
  const drifted = applied === desired.version ? (reported?.driftedPaths ?? []) : [];
  if (drifted.length > 0) {
    return { status: 'drifted', message: `Something else changed what version ${desired.version} set: ${named(drifted)}` };
  }
  if (applied === desired.version || verdict?.outcome === 'applied') return { status: 'synced', message: 'Config Applied' };
  if (verdict?.outcome === 'applying') {
    const why = verdict.error ? `: ${verdict.error.message}` : '';
    return { status: 'applying', message: `The bot is applying version ${desired.version}${why}` };
  }
  const now = applied === null ? 'it has not applied any yet' : `it runs version ${applied}`;
  return { status: 'pending', message: `Waiting for the bot to fetch version ${desired.version}; ${now}` };
}

function named(paths: readonly string[]): string {
  const more = paths.length - NAMED_PATHS;
  return `${paths.slice(0, NAMED_PATHS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * The drift of the desired version, as the newest heartbeat tells it. A heartbeat that was made under another version
 * says nothing about this one, although the verdict may have arrived meanwhile.
 */
export function driftedPaths(
  status: { applied_version: string | null; drift?: { paths: readonly string[] } | null | undefined } | null,
  desiredVersion: number,
): readonly string[] {
  return status?.applied_version === String(desiredVersion) ? (status.drift?.paths ?? []) : [];
}
