import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { z } from 'zod';
import { HIDDEN, redact, redactDeep, secretNames } from './redact.js';

export type Logger = PinoLogger;

export const LogLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);
export type LogLevel = z.infer<typeof LogLevel>;

/** One JSON object a line; secrets are removed by the names of members and by the looks of texts. */
export function createLogger(options: { name: string; level?: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    name: options.name,
    level: options.level ?? 'info',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: hideMembers,
      log: hideMembers,
    },
    // Bindings of child loggers pass by the formatters: by pino's own means, one level deep.
    redact: { paths: secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`]), censor: hideTexts },
    serializers: { err: describeError, error: describeError },
    // The last look at the finished line: messages, stacks and everything a serializer made.
    hooks: { streamWrite: redact },
  } satisfies Parameters<typeof pino>[0];
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

function hideMembers(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).map(([key, member]) => {
      const hidden: unknown = Object.entries(asRecord(redactDeep({ [key]: member })))[0]?.[1];
      return [key, hidden];
    }),
  );
}

/** Numbers and booleans under such a name (a metric's value, has_token) are no secrets. */
const hideTexts = (value: unknown): unknown => (typeof value === 'number' || typeof value === 'boolean' ? value : HIDDEN);

const asRecord = (value: unknown): Record<string, unknown> => (value !== null && typeof value === 'object' ? { ...value } : {});

/** Named members only: HTTP clients hang whole requests, headers included, on their errors. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return redactDeep(error);
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined;
  const nested = error instanceof AggregateError ? error.errors : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined || depth > 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
    ...(nested === undefined || depth > 4 ? {} : { errors: nested.map((one: unknown) => describeError(one, depth + 1)) }),
  };
}
