export interface ToolCallsOfRuns {
  /**
   * A tool call of that run began; `call` tells it from the run's other calls, so that hearing of it twice counts once.
   * The number of calls if the run is to be stopped now, else null.
   */
  started(runId: string, call: string): number | null;
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
  const runs = new Map<string, { calls: Set<string>; stopping: boolean }>();

  return {
    started: (runId, call) => {
      const run = runs.get(runId) ?? { calls: new Set(), stopping: false };
      if (run.calls.size <= limit) run.calls.add(call);
      runs.delete(runId);
      runs.set(runId, run);
      for (const oldest of runs.keys()) {
        if (runs.size <= room) break;
        runs.delete(oldest);
      }
      if (run.calls.size <= limit || run.stopping) return null;
      run.stopping = true;
      return run.calls.size;
    },
    notStopped: (runId) => {
      const run = runs.get(runId);
      if (run) run.stopping = false;
    },
    settled: (runId) => void runs.delete(runId),
  };
}
