/** Which disturbance struck at which step, over all schedules. */
export type Disturbance = 'reached' | 'killed' | 'stopped';

export type Coverage = {
  note: (step: string, what: Disturbance) => void;
  fault: (name: string) => void;
  /** Steps, most reached first. */
  steps: () => { step: string; reached: number; killed: number; stopped: number }[];
  faults: () => Record<string, number>;
};

export function createCoverage(): Coverage {
  const steps = new Map<string, Record<Disturbance, number>>();
  const faults = new Map<string, number>();
  return {
    note(step, what) {
      const counts = steps.get(step) ?? { reached: 0, killed: 0, stopped: 0 };
      counts[what] += 1;
      steps.set(step, counts);
    },
    fault: (name) => void faults.set(name, (faults.get(name) ?? 0) + 1),
    steps: () => [...steps].map(([step, counts]) => ({ step, ...counts })).sort((a, b) => b.reached - a.reached),
    faults: () => Object.fromEntries([...faults].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** For the terminal: where workers were killed and stopped, and what the wire did. */
export function coverageTable(coverage: Coverage): string {
  const rows = coverage.steps().map(({ step, reached, killed, stopped }) => `${step.padEnd(44)} ${String(reached).padStart(9)} ${String(killed).padStart(9)} ${String(stopped).padStart(9)}`);
  const faults = Object.entries(coverage.faults()).map(([name, times]) => `${name}: ${times}`);
  return [`${'step'.padEnd(44)} ${'reached'.padStart(9)} ${'kill -9'.padStart(9)} ${'SIGSTOP'.padStart(9)}`, ...rows, '', ...faults].join('\n');
}
