import { z } from 'zod';

/** What the parent asks of the process with the publishers. */
export const PublisherCommand = z.discriminatedUnion('do', [
  /** Starts them one after another, evenly over this time: they belong to services that did not begin in the same second. */
  z.object({ do: z.literal('start'), url: z.url(), apiKey: z.string(), count: z.int().min(1), everySeconds: z.number(), overSeconds: z.number() }),
  /** Stops them one after another, evenly over this time, as a deployment does; answers when the last one has. */
  z.object({ do: z.literal('stop'), overSeconds: z.number() }),
]);
export type PublisherCommand = z.infer<typeof PublisherCommand>;

/** What became of all attempts so far; latencies in milliseconds, sorted. */
export const PublisherReport = z.object({ latencies: z.array(z.number()), failures: z.record(z.string(), z.int()) });
export type PublisherReport = z.infer<typeof PublisherReport>;
