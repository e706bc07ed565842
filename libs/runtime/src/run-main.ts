import { z } from 'zod';
import { systemClock } from './clock.js';
import { envHelp, EnvError, parseEnv, type EnvSource } from './env.js';
import { type Opened } from './lifecycle.js';
import { createLogger, LogLevel, type Logger } from './logger.js';

/** The part of `process` that running a service needs; tests pass their own. */
export type ProcessLike = {
  stdout: { write: (text: string) => unknown };
  stderr: { write: (text: string) => unknown };
  on: (event: StopEvent, listener: (detail?: unknown) => void) => unknown;
  off: (event: StopEvent, listener: (detail?: unknown) => void) => unknown;
  exit: (code: number) => unknown;
};
export type StopEvent = 'SIGINT' | 'SIGTERM' | 'uncaughtException' | 'unhandledRejection';

export type MainContext = {
  logger: Logger;
  /** Aborts as soon as stopping begins, also while things are still being opened. */
  signal: AbortSignal;
  /** For a part that ended although nobody asked it to: stops everything, exit code 1. */
  fail: (error: unknown) => void;
};

export type MainOptions<S extends z.ZodType> = {
  name: string;
  version: string;
  /** What the program is, for `--help`. */
  help: string;
  Env: S;
  env: EnvSource;
  /** `process.argv.slice(2)`. */
  argv: readonly string[];
  compose: (env: z.output<S>, context: MainContext) => Promise<Opened<unknown>>;
  /** Milliseconds that stopping may take before the process exits anyway, with code 1. */
  stopTimeoutMs?: number;
  process?: ProcessLike;
  logger?: Logger;
};

/** EX_CONFIG of sysexits.h. */
export const EXIT_CONFIG = 78;

/**
 * Life of a service process: `--version` and `--help`, environment (all problems listed, exit 78), open, run until
 * SIGINT or SIGTERM, stop within `stopTimeoutMs`, exit. A second signal exits at once. Resolves with the exit code.
 */
export async function runMain<S extends z.ZodType>(options: MainOptions<S>): Promise<number> {
  const host: ProcessLike = options.process ?? process;
  const exit = (code: number): number => {
    host.exit(code);
    return code;
  };
  if (options.argv.includes('--version')) {
    host.stdout.write(`${options.version}\n`);
    return exit(0);
  }
  if (options.argv.includes('--help')) {
    host.stdout.write(`${options.name} ${options.version}\n${options.help}\n\nEnvironment:\n${envHelp(options.Env)}\n`);
    return exit(0);
  }

  let env: z.output<S>;
  try {
    env = parseEnv(options.Env, options.env);
  } catch (error) {
    if (!(error instanceof EnvError)) throw error;
    host.stderr.write(`${options.name}: ${error.message}\n`);
    return exit(EXIT_CONFIG);
  }
  const logger = options.logger ?? createLogger({ name: options.name, level: levelOf(env) });
  return exit(await runUntilStopped({ host, logger, options, env }));
}

async function runUntilStopped<S extends z.ZodType>(input: {
  host: ProcessLike;
  logger: Logger;
  options: MainOptions<S>;
  env: z.output<S>;
}): Promise<number> {
  const { host, logger, options, env } = input;
  const stopping = watchForStop(host, logger);
  const patience = new AbortController();
  try {
    const opening = (async () => options.compose(env, { logger, signal: stopping.signal, fail: stopping.fail }))();
    opening.then(
      () => logger.info({ version: options.version }, 'started'),
      (error: unknown) => stopping.failedToStart(error),
    );
    const code = await stopping.requested;
    const closed = opening.then(
      (opened) => opened.stop().then(() => code),
      () => code,
    );
    const result = await Promise.race([
      closed.catch((error: unknown) => {
        logger.error({ err: error }, 'stopping left something behind');
        return code === 0 ? 1 : code;
      }),
      stopping.impatient,
      systemClock.sleep(options.stopTimeoutMs ?? 10_000, patience.signal).then(() => {
        if (!patience.signal.aborted) logger.error('stopping took too long; exiting anyway');
        return 1;
      }),
    ]);
    logger.info({ exit_code: result }, 'stopped');
    return result;
  } finally {
    patience.abort();
    stopping.dispose();
  }
}

/** Turns signals and failures into one request to stop with an exit code; the first one counts. */
function watchForStop(host: ProcessLike, logger: Logger) {
  const controller = new AbortController();
  const requested = withResolvers<number>();
  const impatient = withResolvers<number>();
  const stop = (code: number): void => {
    controller.abort();
    requested.resolve(code);
  };
  const fail = (error: unknown, message = 'a part failed; stopping'): void => {
    logger.error({ err: error }, message);
    stop(1);
  };
  const onSignal = (signal: 'SIGINT' | 'SIGTERM', code: number) => () => {
    if (controller.signal.aborted) return impatient.resolve(code);
    logger.info({ signal }, 'stopping');
    stop(0);
  };
  const listeners: [StopEvent, (detail?: unknown) => void][] = [
    ['SIGINT', onSignal('SIGINT', 130)],
    ['SIGTERM', onSignal('SIGTERM', 143)],
    ['uncaughtException', (error) => fail(error, 'uncaught exception; stopping')],
    ['unhandledRejection', (error) => fail(error, 'unhandled rejection; stopping')],
  ];
  for (const [event, listener] of listeners) host.on(event, listener);
  return {
    signal: controller.signal,
    requested: requested.promise,
    impatient: impatient.promise,
    fail: (error: unknown) => fail(error),
    failedToStart: (error: unknown) => fail(error, 'could not start'),
    dispose: () => listeners.forEach(([event, listener]) => host.off(event, listener)),
  };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}

function levelOf(env: unknown): LogLevel {
  const parsed = z.looseObject({ LOG_LEVEL: LogLevel.optional() }).safeParse(env);
  return (parsed.success ? parsed.data.LOG_LEVEL : undefined) ?? 'info';
}
