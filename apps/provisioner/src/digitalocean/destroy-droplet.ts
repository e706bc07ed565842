import { type DigitalOcean } from '@trawling/digitalocean';
import { type Clock, type Logger } from '@trawling/runtime';
import { type FoundMachine } from '../machines/machine-driver.js';
import { dropletId, type DropletBook } from './droplet-book.js';
import { botTag } from './droplet-identity.js';

export type DestroyDropletDeps = {
  client: Pick<DigitalOcean, 'deleteDroplet' | 'deleteTag' | 'listDroplets'>;
  clock: Pick<Clock, 'sleep'>;
  book: Pick<DropletBook, 'get' | 'find'>;
  logger: Logger;
};

/** How often and after how many milliseconds it is asked whether the droplet is gone; then the next look asks again. */
const LOOKS = [500, 2_000, 5_000];

/**
 * Deletes the droplet by its id, never by a tag, and waits a little until DigitalOcean knows it no more. The tag of its
 * bot goes first, unless another droplet carries it: a process that dies in between leaves a droplet that is still found
 * by its name and fleet, not a tag that nobody would ever find.
 */
export async function destroyDroplet(deps: DestroyDropletDeps, providerId: string): Promise<void> {
  const { client, clock, book } = deps;
  const id = dropletId(providerId);
  if (id === null) return;
  const machine = await book.get(providerId, { ask: true });
  if (!machine) return;
  if (await isLastOfItsBot(deps, machine)) await client.deleteTag(botTag(machine.botId));
  await client.deleteDroplet(id);
  for (const ms of LOOKS) {
    if ((await book.get(providerId, { ask: true })) === null) return;
    await clock.sleep(ms);
  }
}

/** In doubt it is not: a tag that stays costs nothing, a droplet that loses it is harder to find. */
async function isLastOfItsBot({ client, book, logger }: DestroyDropletDeps, machine: FoundMachine): Promise<boolean> {
  try {
    // Whoever carries it counts, another installation's droplet as well; and one that we know of but that has no tag yet.
    const carriers = await client.listDroplets({ tag: botTag(machine.botId) });
    const known = await book.find(machine.botId);
    return [...carriers.map(({ id }) => String(id)), ...known.map(({ providerId }) => providerId)].every((one) => one === machine.providerId);
  } catch (error) {
    logger.warn({ err: error }, 'the other droplets of a bot could not be listed: its tag stays');
    return false;
  }
}
