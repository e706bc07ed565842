import { summariseFleet, type FleetSummary, type Hinted } from '@trawling/fleet-simulator';
import { type FleetCommand } from './fleet-command.js';
import { type FleetProcess, startFleetProcess } from './start-fleet-process.js';

/** A fleet of several processes, told and asked as one. */
export type FleetProcesses = {
  start: (options: Omit<FleetCommand & { do: 'start' }, 'do' | 'share'>) => Promise<void>;
  /** Forgets what was counted so far. */
  reset: () => Promise<void>;
  report: () => Promise<{ summary: FleetSummary; hinted: readonly Hinted[] }>;
  /** Lets every bot go and ends the processes. */
  end: () => Promise<void>;
};

/**
 * Real bots are machines of their own: none waits while another's garbage is collected. One process for ten thousand of
 * them stood still for a second at a time, and that was what it measured; of several, each stands still a part of that,
 * and for its own bots only.
 */
export function startFleetProcesses(program: { node: string; script: string }, count: number): FleetProcesses {
  const parts = Array.from({ length: count }, () => startFleetProcess(program));
  const all = <T>(work: (part: FleetProcess, index: number) => Promise<T>): Promise<T[]> => Promise.all(parts.map(work));
  const shareOf = (whole: number): number => Math.ceil(whole / count);
  return {
    async start({ connections, startingAtOnce, ...options }) {
      await all((part, index) =>
        part.tell({
          do: 'start',
          ...options,
          connections: connections === 'own' ? connections : shareOf(connections),
          startingAtOnce: shareOf(startingAtOnce),
          share: { index, of: count },
        }),
      );
    },
    reset: async () => void (await all((part) => part.tell({ do: 'reset' }))),
    async report() {
      const reports = await all((part) => part.report());
      return { summary: summariseFleet(reports.map(({ tally }) => tally)), hinted: reports.flatMap(({ hinted }) => hinted) };
    },
    end: async () => void (await all((part) => part.end())),
  };
}
