export interface ToolCallsOfRuns {
  /** One more tool call of that run. The number of its calls if the run is to be stopped now, else null. */
  started(runId: string): number | null;
  /** Stopping it did not work: the next tool call says so again. */
  notStopped(runId: string): void;
  /** No more calls will come; the id may be used again. */
  settled(runId: string): void;
}

/** More runs than any gateway has at a time; the one without a call for longest makes room. */
const ROOM = 64;

/**
 * Counts the tool calls of every run, in constant memory, and names a run once when it makes more than `limit`: a
 * turn that keeps asking for tools is not getting anywhere, whatever it asks for.
 */
export function createToolCallsOfRuns(limit: number, room = ROOM): ToolCallsOfRuns {
  const runs = new Map<string, { calls: number; stopping: boolean }>();

  return {
    started: (runId) => {
      const run = runs.get(runId) ?? { calls: 0, stopping: false };
      run.calls += 1;
      runs.delete(runId);
      runs.set(runId, run);
      for (const oldest of runs.keys()) {
        if (runs.size <= room) break;
        runs.delete(oldest);
      }
      if (run.calls <= limit || run.stopping) return null;
      run.stopping = true;
      return run.calls;
    },
    notStopped: (runId) => {
      const run = runs.get(runId);
      if (run) run.stopping = false;
    },
    settled: (runId) => void runs.delete(runId),
  };
}
