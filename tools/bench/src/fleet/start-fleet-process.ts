import { z } from 'zod';
import { type Child, startChild } from '../world/start-child.js';
import { type FleetCommand, type FleetReport } from './fleet-command.js';

/** All share one core: many small collections, each by one thread, keep its bots waiting less than few large ones. */
const SHORT_PAUSES = ['--max-semi-space-size=4', '--no-parallel-scavenge'];

const Report = z.custom<FleetReport | null>((value) => typeof value === 'object');

export type FleetProcess = {
  tell: (command: FleetCommand) => Promise<void>;
  report: () => Promise<FleetReport>;
  /** Lets every bot go and ends the process. */
  end: () => Promise<void>;
};

/** A fleet of simulated bots beside the server under test. */
export function startFleetProcess(program: { node: string; script: string }): FleetProcess {
  const child: Child<FleetCommand, FleetReport | null> = startChild({ ...program, nodeOptions: SHORT_PAUSES }, Report);
  return {
    tell: async (command) => void (await child.ask(command)),
    report: async () => {
      const report = await child.ask({ do: 'report' });
      if (!report) throw new Error('the fleet was not started');
      return report;
    },
    end: () => child.end({ do: 'stop' }),
  };
}
