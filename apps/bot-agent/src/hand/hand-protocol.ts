import { z } from 'zod';

/** Of a file that is read for the agent: OpenClaw's configs have a few hundred kilobytes. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Longest line either side reads, in bytes: a file as JSON. The agent has a quarter of a small machine's memory for all it does. */
export const MAX_LINE_BYTES = 2 * MAX_FILE_BYTES;

/** Of a run, which is the longest thing the agent asks for. */
export const MAX_RUN_MS = 600_000;

/**
 * What the agent may ask of the gateway hand: one request as a line of JSON per connection, one answer as a line, then
 * the hand closes. The operations are those of Host, done as the gateway's user.
 */
export const HandRequest = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('readText'), path: z.string() }),
  z.strictObject({ op: z.literal('fileSize'), path: z.string() }),
  z.strictObject({ op: z.literal('writeAtomic'), path: z.string(), text: z.string() }),
  z.strictObject({ op: z.literal('list'), path: z.string() }),
  z.strictObject({ op: z.literal('append'), path: z.string(), text: z.string() }),
  z.strictObject({ op: z.literal('truncate'), path: z.string(), bytes: z.int().min(0) }),
  z.strictObject({ op: z.literal('remove'), path: z.string() }),
  z.strictObject({ op: z.literal('ensureDir'), path: z.string() }),
  z.strictObject({
    op: z.literal('run'),
    file: z.string(),
    args: z.array(z.string()),
    env: z.record(z.string(), z.string()),
    timeout_ms: z.int().min(1).max(MAX_RUN_MS),
  }),
]);
export type HandRequest = z.infer<typeof HandRequest>;

export const HandAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), message: z.string() }),
]);
export type HandAnswer = z.infer<typeof HandAnswer>;
