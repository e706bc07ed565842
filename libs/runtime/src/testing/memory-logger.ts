import { z } from 'zod';
import { createLogger, type Logger, type LogLevel } from '../logger.js';

const LogLine = z.looseObject({ level: z.string(), msg: z.string().optional() });
export type LogLine = z.infer<typeof LogLine>;

/** A real logger that keeps its lines, for tests that read the log or must not write to the terminal. */
export function createMemoryLogger(options: { name?: string; level?: LogLevel } = {}): {
  logger: Logger;
  lines: () => LogLine[];
  text: () => string;
} {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  return {
    logger: createLogger({ name: options.name ?? 'test', level: options.level ?? 'trace', destination }),
    lines: () => written.map((line) => LogLine.parse(JSON.parse(line))),
    text: () => written.join(''),
  };
}
