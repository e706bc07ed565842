import { type DigitalOcean } from '@trawling/digitalocean';
import { type Clock, type Moment, momentOf, msSince } from '@trawling/runtime';
import { dropletId, type DropletBook } from './droplet-book.js';
import { botTag } from './droplet-identity.js';

export type DestroyDropletDeps = {
  client: Pick<DigitalOcean, 'deleteDroplet'>;
  clock: Clock;
  book: Pick<DropletBook, 'get'>;
};

/** Milliseconds after the beginning at which the delete has to be on its way. */
const DELETE_WITHIN_MS = 25_000;
/** Longest time `destroyDroplet` takes, in milliseconds: the lease of whoever calls it covers that. */
export const DESTROY_TIMEOUT_MS = 60_000;
/** How often and after how many milliseconds it is asked whether the droplet is gone; then the next look asks again. */
const LOOKS = [500, 2_000, 5_000];

/**
 * Deletes the droplet by its id, never by a tag, after looking whose it is, in time or not at all; then waits a little
 * until DigitalOcean knows it no more. All of it comes out of what the request budget keeps for deletes.
 */
export async function destroyDroplet(deps: DestroyDropletDeps, providerId: string, options: { begun?: Moment } = {}): Promise<void> {
  const { client, clock, book } = deps;
  const begun = options.begun ?? momentOf(clock);
  const id = dropletId(providerId);
  if (id === null) return;
  const left = Math.floor(DESTROY_TIMEOUT_MS - msSince(clock, begun));
  const call = { kind: 'delete', signal: AbortSignal.timeout(Math.max(0, left)) } as const;
  if (!(await book.get(providerId, { ask: true, call }))) return;
  await client.deleteDroplet(id, { ...call, mayGo: () => msSince(clock, begun) < DELETE_WITHIN_MS });
  for (const ms of LOOKS) {
    if ((await book.get(providerId, { ask: true, call })) === null) return;
    await clock.sleep(ms, call.signal);
  }
}

/** Deletes the tag of a bot, unless a droplet carries it, be it another installation's. */
export async function forgetBot({ client }: { client: Pick<DigitalOcean, 'listDroplets' | 'deleteTag'> }, botId: string): Promise<void> {
  const tag = botTag(botId);
  const carriers = await client.listDroplets({ tag }, { kind: 'delete' });
  if (carriers.length === 0) await client.deleteTag(tag);
}
