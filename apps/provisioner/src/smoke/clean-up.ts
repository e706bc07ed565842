import { type DigitalOcean } from '@trawling/digitalocean';
import { systemClock } from '@trawling/runtime';
import { botTag, dropletName, fleetTag } from '../digitalocean/droplet-identity.js';
import { fleetFirewall } from '../digitalocean/fleet-firewall.js';
import { type SmokeDeps } from './smoke-options.js';

export type Leftovers = {
  installationId: string;
  botId: string;
  /** Droplets that were accepted and are not known to be gone. */
  ids: Set<number>;
  /** Those that DigitalOcean has shown: of the others a 404 says nothing, they may be too new. */
  seen: Set<number>;
  /** A create has no answer: there may be a droplet whose number nobody knows. */
  isOpen: boolean;
};

/**
 * Deletes by number until DigitalOcean knows the droplet no more, and what the fleet's tag, which no other run and no
 * installation has, and the name show. Goes on looking for the settle time when there may be one that is not shown yet.
 * Throws with the numbers of what could not be deleted.
 */
export async function cleanUp({ pace, say }: Pick<SmokeDeps, 'pace' | 'say'>, client: DigitalOcean, run: Leftovers): Promise<void> {
  const { installationId, botId, ids, seen } = run;
  const fleet = fleetTag(installationId);
  const told = new Set<number>();
  let isLooking = false;
  const begunAt = systemClock.monotonicMs();
  for (;;) {
    const listed = [...(await client.listDroplets({ tag: fleet })), ...(await client.listDroplets({ name: dropletName({ botId, generation: 1 }) }))];
    for (const { id } of listed) {
      ids.add(id);
      seen.add(id);
    }
    for (const id of [...ids]) {
      if (await client.getDroplet(id)) seen.add(id);
      else if (told.has(id)) {
        ids.delete(id);
        continue;
      }
      await client.deleteDroplet(id);
      if (seen.has(id) && !told.has(id)) {
        told.add(id);
        say(`  droplet ${id} was left over and is deleted`);
      }
    }
    const tookMs = systemClock.monotonicMs() - begunAt;
    const left = [...ids].filter((id) => seen.has(id));
    const mayTurnUp = run.isOpen || ids.size > left.length;
    if (left.length === 0 && (!mayTurnUp || tookMs >= pace.settleMs)) break;
    if (left.length > 0 && tookMs >= pace.goneMs + pace.settleMs) throw new Error(`not cleaned up: delete droplet ${left.join(', ')} in the panel`);
    if (mayTurnUp && !isLooking) {
      isLooking = true;
      say(`  looking for ${pace.settleMs / 1000} s whether a droplet turns up`);
    }
    await systemClock.sleep(pace.lookMs);
  }
  await client.createTag(fleet);
  const { firewall } = await client.ensureFirewall(fleetFirewall(installationId));
  await client.deleteFirewall(firewall.id);
  for (const tag of [botTag(botId), fleet]) await client.deleteTag(tag);
  say('  cleaned up: no droplet, firewall or tag of this run is left, but the tag gen:1, which fleets share');
}
