import { type OnStop } from '@trawling/runtime';
import { fork } from 'node:child_process';
import { z } from 'zod';
import { type LoadOrder } from '../load-generator.js';
import { askChild } from './ask-child.js';
import { type LoadResult } from './generate-load.js';

const Reply = z.union([z.object({ result: z.custom<LoadResult>((value) => typeof value === 'object') }), z.object({ error: z.string() })]);

export type LoadGenerator = (order: LoadOrder) => Promise<LoadResult>;

/** Keeps one generator process; it takes one order at a time. */
export function startLoadGenerator(onStop: OnStop, program: { node: string; script: string }): LoadGenerator {
  const child = fork(program.script, { execPath: program.node, execArgv: [], env: { NODE_ENV: 'production' } });
  const over = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onStop(async () => {
    child.kill();
    await over;
  }, 'load generator');
  return async (order) => {
    const reply = Reply.parse(await askChild(child, order));
    if ('error' in reply) throw new Error(reply.error);
    return reply.result;
  };
}
