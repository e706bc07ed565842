import { constants, open } from 'node:fs/promises';
import { Capability } from '@trawling/contracts';
import { type Clock, type Logger, systemClock } from '@trawling/runtime';
import { isScalar, parse, type ParsedNode } from 'yaml';
import { z } from 'zod';

/** Something that an instance can do. */
export const RegisteredAgent = z.strictObject({
  name: Capability,
  description: z.string().min(1).max(500),
  /** false: known, but not offered by this instance. */
  enabled: z.boolean().default(true),
});
export type RegisteredAgent = z.output<typeof RegisteredAgent>;

/** The agent registration file. Refuses what it does not know: a misspelt `enabled` would switch nothing off. */
export const AgentRegistration = z.strictObject({
  agents: z
    .array(RegisteredAgent)
    .max(200)
    .refine((agents) => new Set(agents.map(({ name }) => name)).size === agents.length, 'expected each name once'),
});
export type AgentRegistration = z.output<typeof AgentRegistration>;

export type Registration = {
  /** What is offered now. */
  enabled: () => readonly RegisteredAgent[];
  close: () => Promise<void>;
};

const MAX_BYTES = 256 * 1024;
/** Of a complaint; it goes into one log line. */
const MAX_COMPLAINT = 2_000;
/** Comparisons of keys within one text, with plenty to spare: no good one has more than three members in one place. */
const MAX_COMPARISONS = 10_000;
const LOOK_AGAIN_MS = 5_000;

/** For what is part of the program: never changes. Throws when it is not valid. */
export function fixedRegistration(registration: z.input<typeof AgentRegistration>): Registration {
  const agents = AgentRegistration.parse(registration).agents.filter(({ enabled }) => enabled);
  return { enabled: () => agents, close: () => Promise.resolve() };
}

/** YAML 1.2, of which JSON is a part. Throws an Error that says what is wrong. */
export function parseRegistration(text: string): AgentRegistration {
  const result = AgentRegistration.safeParse(parse(text, { maxAliasCount: 0, logLevel: 'error', uniqueKeys: boundedComparison() }));
  if (!result.success) throw new Error(z.prettifyError(result.error).slice(0, MAX_COMPLAINT));
  return result.data;
}

/** `yaml` compares each key with all before it: a wrong file of a quarter of a megabyte would stop the process for half a minute. */
function boundedComparison(): (a: ParsedNode, b: ParsedNode) => boolean {
  let left = MAX_COMPARISONS;
  return (a, b) => {
    left -= 1;
    if (left < 0) throw new Error('more members than a registration has');
    return a === b || (isScalar(a) && isScalar(b) && a.value === b.value);
  };
}

export type OpenRegistrationOptions = {
  file: string;
  logger: Pick<Logger, 'info' | 'error'>;
  clock?: Clock;
};

/**
 * Reads the agent registration file, and reads it again every five seconds: its text is compared, because neither times nor
 * notifications are right on every file system and every mount. A new text that is not valid is reported once, and the last good one stays.
 * Throws when the first one cannot be read. Close it.
 */
export async function openRegistration({ file, logger, clock = systemClock }: OpenRegistrationOptions): Promise<Registration> {
  /** What was worked through last, good or not; null when the file could not be read. */
  let seen: string | null = await readBounded(file).catch(rethrow(file));
  let { agents } = parseOrThrow(file, seen);
  let complaint: string | null = null;
  const closing = new AbortController();
  const watching = watch();

  return {
    enabled: () => agents.filter(({ enabled }) => enabled),
    close() {
      closing.abort();
      return watching;
    },
  };

  async function watch(): Promise<void> {
    for (;;) {
      await clock.sleep(LOOK_AGAIN_MS, closing.signal);
      if (closing.signal.aborted) return;
      try {
        const before: string | null = seen;
        seen = null;
        seen = await readBounded(file);
        if (seen === before) continue;
        ({ agents } = parseOrThrow(file, seen));
        complaint = null;
        logger.info({ file, capabilities: agents.filter(({ enabled }) => enabled).map(({ name }) => name) }, 'the agent registration file changed');
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== complaint) logger.error({ file, problem: message }, 'the agent registration file cannot be used; the last good one stays');
        complaint = message;
      }
    }
  }
}

function parseOrThrow(file: string, text: string): AgentRegistration {
  try {
    return parseRegistration(text);
  } catch (error) {
    return rethrow(file)(error);
  }
}

const rethrow = (file: string) => (error: unknown): never => {
  throw new Error(`agent registration file ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
};

async function readBounded(file: string): Promise<string> {
  // A pipe would keep us waiting for whoever writes into it, at the close as well.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new Error('not a file');
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
      if (length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    }
  } finally {
    await handle.close();
  }
}
