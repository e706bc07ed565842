import { fork } from 'node:child_process';
import { z } from 'zod';
import { askChild } from '../load/ask-child.js';
import { pin } from './pin.js';

export type Child<Command extends object, Report> = {
  ask: (command: Command) => Promise<Report>;
  /** Sends a last command, whatever it answers, and ends the process. */
  end: (last?: Command) => Promise<void>;
};

/** A process of ours beside the server under test, kept off the server's core; it answers each command with one report. */
export function startChild<Command extends object, Report>(
  program: { node: string; script: string; nodeOptions?: readonly string[] },
  Report: z.ZodType<Report>,
): Child<Command, Report> {
  const Reply = z.union([z.object({ report: Report }), z.object({ error: z.string() })]);
  const child = fork(program.script, { execPath: program.node, execArgv: [...(program.nodeOptions ?? [])], env: { NODE_ENV: 'production' } });
  pin(child.pid ?? -1, 'other cores');
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ask = async (command: Command): Promise<Report> => {
    const reply = Reply.parse(await askChild(child, command));
    if ('error' in reply) throw new Error(reply.error);
    return reply.report;
  };
  return {
    ask,
    end: async (last) => {
      if (last && child.exitCode === null) await Promise.race([ask(last).catch(() => undefined), over]);
      child.kill();
      await over;
    },
  };
}
