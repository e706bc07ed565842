import { fork } from 'node:child_process';
import { z } from 'zod';
import { askChild } from '../load/ask-child.js';
import { pin } from '../world/pin.js';
import { type FleetCommand, type FleetReport } from './fleet-command.js';

const Reply = z.union([
  z.object({ report: z.custom<FleetReport | null>((value) => typeof value === 'object') }),
  z.object({ error: z.string() }),
]);

/** All share one core: many small collections, each by one thread, keep its bots waiting less than few large ones. */
const SHORT_PAUSES = ['--max-semi-space-size=4', '--no-parallel-scavenge'];

export type FleetProcess = {
  tell: (command: FleetCommand) => Promise<void>;
  report: () => Promise<FleetReport>;
  /** Lets every bot go and ends the process. */
  end: () => Promise<void>;
};

/** A fleet of simulated bots beside the server under test, kept off the server's core. */
export function startFleetProcess(program: { node: string; script: string }): FleetProcess {
  const child = fork(program.script, { execPath: program.node, execArgv: SHORT_PAUSES, env: { NODE_ENV: 'production' } });
  pin(child.pid ?? -1, 'other cores');
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ask = async (command: FleetCommand): Promise<FleetReport | null> => {
    const reply = Reply.parse(await askChild(child, command));
    if ('error' in reply) throw new Error(reply.error);
    return reply.report;
  };
  return {
    tell: async (command) => void (await ask(command)),
    report: async () => {
      const report = await ask({ do: 'report' });
      if (!report) throw new Error('the fleet was not started');
      return report;
    },
    end: async () => {
      if (child.exitCode === null) await Promise.race([ask({ do: 'stop' }).catch(() => undefined), over]);
      child.kill();
      await over;
    },
  };
}
