/** Closes one thing that was opened. */
export type Release = () => unknown;

/** Registers how to close what was opened on the line before. `name` shows up in the error when closing fails. */
export type OnStop = (release: Release, name?: string) => void;

export type Opened<T> = {
  value: T;
  /** Closes everything, last opened first. Calling it again gives the same promise: each release runs once. */
  stop: () => Promise<void>;
};

/**
 * Runs `open` and keeps what it registers. When `open` fails half-way, what is already open is closed before the
 * error is thrown. Failing releases do not keep the others from running; their errors come together in one
 * AggregateError. Shape after graphile/worker's releasers.
 */
export async function withReleasers<T>(open: (onStop: OnStop) => T | Promise<T>): Promise<Opened<T>> {
  const releases: { release: Release; name: string }[] = [];
  let stopping: Promise<void> | undefined;

  const onStop: OnStop = (release, name = release.name || 'unnamed') => {
    if (stopping) {
      // Too late to be part of the stop: close it now rather than leave it open for ever.
      void Promise.resolve().then(release).catch(() => undefined);
      throw new Error(`${name} was opened after the stop had begun; it was closed again`);
    }
    releases.push({ release, name });
  };
  const stop = (): Promise<void> => (stopping ??= releaseAll(releases));

  try {
    return { value: await open(onStop), stop };
  } catch (error) {
    await stop().catch((stopError: unknown) => {
      throw new AggregateError([error, stopError], `${messageOf(error)}; closing what was open failed as well`);
    });
    throw error;
  }
}

async function releaseAll(releases: { release: Release; name: string }[]): Promise<void> {
  const errors: Error[] = [];
  for (let last = releases.pop(); last; last = releases.pop()) {
    try {
      await last.release();
    } catch (error) {
      errors.push(new Error(`closing ${last.name}: ${messageOf(error)}`, { cause: error }));
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, errors.map((e) => e.message).join('; '));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
