import { z } from 'zod';

/** What can happen to one request. "Before" and "after": whether it had its effect by then. */
export const RequestFault = z.enum([
  /** The connection breaks before anything happened. */
  'drop_before',
  /** It happened, and the connection breaks before the answer. */
  'drop_after',
  /** It happened, and no answer ever comes: the client's time-out has to end it. */
  'stall',
  /** No answer comes, and it happens only a while later, when the client may have given up. */
  'late_effect',
  'error_before',
  'error_after',
  /** 504 as the load balancer says it: HTML. */
  'html_before',
  'html_after',
  /** It happened, and the answer's body breaks off. */
  'unreadable',
  /** 429 with `retry-after`. */
  'rate_limited',
  /** 429 without. */
  'rate_limited_bare',
  /** 422 that asks to be tried again; of creates only. */
  'try_again',
]);
export type RequestFault = z.infer<typeof RequestFault>;

/** What can become of a droplet whose create was accepted. */
export const Fate = z.enum([
  /** Its tags come a while after it. */
  'tag_late',
  /** 404, and on no list, for a while. */
  'hidden',
  /** 404 from the beginning and for good. */
  'vanishes',
  /** Its action ends as errored, and it is gone. */
  'errored',
  /** Stays `new` for good. */
  'stuck',
]);
export type Fate = z.infer<typeof Fate>;

const probability = z.number().min(0).max(1);
const Odds = z.partialRecord(RequestFault, probability);

/** How often each happens, by kind of request; what is not named does not happen. */
export const Faults = z.strictObject({
  create: Odds.optional(),
  read: Odds.optional(),
  delete: Odds.optional(),
  other: Odds.optional(),
  fate: z.partialRecord(Fate, probability).optional(),
  /** How far the service's clock is off, in milliseconds: in `date`, `created_at` and `ratelimit-reset`. */
  clock_skew_ms: z.number().optional(),
});
export type Faults = z.infer<typeof Faults>;

/** How long things take, in milliseconds. */
export const Timings = z.strictObject({
  /** From the create until the droplet is `active`. */
  boot: z.number().default(0),
  /** `tag_late`. */
  tags: z.number().default(2_000),
  /** `hidden`. */
  hidden: z.number().default(1_500),
  /** `errored`: from the create until it is gone. */
  placement: z.number().default(500),
  /** `late_effect`. */
  late: z.number().default(2_000),
  /** From an accepted delete until the droplet is gone. */
  delete: z.number().default(0),
});
export type Timings = z.infer<typeof Timings>;

/** At most one of `odds`, by one throw of the dice. */
export function draw<Name extends string>(odds: Partial<Record<Name, number>> | undefined, random: () => number): Name | null {
  let left = random();
  for (const [name, chance] of Object.entries(odds ?? {}) as [Name, number][]) {
    if (left < chance) return name;
    left -= chance;
  }
  return null;
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
