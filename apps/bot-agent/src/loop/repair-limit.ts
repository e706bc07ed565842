/** Somebody who changes a path back as often as this is not going to stop. */
const MAX_REPAIRS = 3;
const WINDOW_MS = 10 * 60_000;

export interface RepairLimit {
  /** The paths that were repaired too often lately; empty: go ahead. */
  exhausted(paths: readonly string[], nowMs: number): string[];
  record(paths: readonly string[], nowMs: number): void;
}

/** Counts repairs per path, so that the agent does not fight somebody for ever. */
export function createRepairLimit(): RepairLimit {
  const repairs = new Map<string, number[]>();
  const recent = (path: string, nowMs: number) => (repairs.get(path) ?? []).filter((at) => at > nowMs - WINDOW_MS);

  return {
    exhausted: (paths, nowMs) => paths.filter((path) => recent(path, nowMs).length >= MAX_REPAIRS),
    record: (paths, nowMs) => {
      for (const path of paths) repairs.set(path, [...recent(path, nowMs), nowMs]);
    },
  };
}
