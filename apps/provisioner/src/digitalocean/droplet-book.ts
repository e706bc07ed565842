import { type CallOptions, type DigitalOcean, type Droplet } from '@trawling/digitalocean';
import { type Clock, type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineKey } from '../machines/machine-driver.js';
import { botTag, dropletName, fleetTag, isOfFleet, machineOf, unrecognised } from './droplet-identity.js';
import { createSharedList } from './shared-list.js';

export type DropletBookDeps = {
  client: Pick<DigitalOcean, 'listDroplets' | 'getDroplet'>;
  clock: Pick<Clock, 'monotonicMs'>;
  logger: Logger;
  installationId: string;
};

/** An entry this young spares a question to DigitalOcean. */
const FRESH_MS = 10_000;

type Entry = { machine: FoundMachine; size: string | undefined; seenAtMs: number };

/**
 * What this process knows of the fleet's droplets: one paged list that everybody shares, completed by what creates and
 * single look-ups showed. It may be some seconds old. So whoever acts on a droplet asks for it again, and nobody
 * concludes from the book that there is none: `get` asks DigitalOcean for that, and `lookUp` before a create.
 */
export function createDropletBook(deps: DropletBookDeps) {
  const { client, clock, installationId } = deps;
  const entries = new Map<number, Entry>();
  /** When a droplet was known to be gone: what was asked before does not bring it back. */
  const gone = new Map<number, number>();

  const put = (droplet: Droplet, seenAtMs = clock.monotonicMs()): FoundMachine | null => {
    const machine = machineOf(droplet, installationId);
    if ((gone.get(droplet.id) ?? -Infinity) >= seenAtMs) return null;
    if (!machine) entries.delete(droplet.id);
    else if ((entries.get(droplet.id)?.seenAtMs ?? -Infinity) <= seenAtMs) entries.set(droplet.id, { machine, size: droplet.size_slug, seenAtMs });
    return machine;
  };
  const markGone = (id: number, sinceMs: number): void => {
    if ((entries.get(id)?.seenAtMs ?? -Infinity) <= sinceMs) entries.delete(id);
    gone.set(id, sinceMs);
  };

  /** `isOverdue`: what is to be destroyed cannot be found without it any more. */
  async function readList(isOverdue: boolean): Promise<number> {
    const startedAtMs = clock.monotonicMs();
    const rows = await client.listDroplets({ tag: fleetTag(installationId) }, isOverdue ? { kind: 'delete' } : {});
    const listed = new Set<number>();
    for (const droplet of rows) {
      if (!isOfFleet(droplet, installationId)) throw new Error('DigitalOcean listed a droplet without the tag that was asked for');
      listed.add(droplet.id);
      if (!machineOf(droplet, installationId)) deps.logger.warn({ droplet: droplet.id }, 'a droplet of our fleet has neither the tags nor the name of a machine: it is left alone');
      put(droplet, startedAtMs);
    }
    for (const [id, { seenAtMs }] of entries) if (!listed.has(id) && seenAtMs <= startedAtMs) entries.delete(id);
    for (const [id, sinceMs] of gone) if (sinceMs < startedAtMs && !listed.has(id)) gone.delete(id);
    return rows.length;
  }
  const shared = createSharedList({ clock, read: readList });
  const machines = (): FoundMachine[] => [...entries.values()].map(({ machine }) => machine);

  return {
    put,
    /** Slug of its size, as far as it was seen. */
    sizeOf: (providerId: string): string | undefined => entries.get(Number(providerId))?.size,
    /** Every machine of the installation; never older than one list. */
    async list(): Promise<FoundMachine[]> {
      await shared.fresh();
      return machines();
    },
    /** The machines of one bot by what is known; a list that is due is read meanwhile, for the next one who asks. */
    async find(botId: string): Promise<FoundMachine[]> {
      await shared.recent();
      return machines().filter((machine) => machine.botId === botId);
    },
    /**
     * Null when DigitalOcean itself says that there is none; throws UnrecognisedMachine when there is one that is not
     * this installation's by its tags and name. `ask`: do not answer by what was seen seconds ago.
     */
    async get(providerId: string, options: { ask?: boolean; call?: CallOptions } = {}): Promise<FoundMachine | null> {
      const id = dropletId(providerId);
      if (id === null) return null;
      const known = entries.get(id);
      const nowMs = clock.monotonicMs();
      if (known && !options.ask && nowMs - known.seenAtMs < FRESH_MS) return known.machine;
      const droplet = await client.getDroplet(id, options.call);
      if (!droplet) {
        markGone(id, nowMs);
        return null;
      }
      if (!machineOf(droplet, installationId)) throw unrecognised(droplet, installationId);
      return put(droplet, nowMs);
    },
    /**
     * Everything of this bot that DigitalOcean shows now, by tag and by the name of that generation: a tag comes after
     * its droplet, and a name can be changed by hand. Each row is checked.
     */
    async lookUp(key: MachineKey, signal?: AbortSignal): Promise<FoundMachine[]> {
      const options = signal ? { signal } : {};
      const startedAtMs = clock.monotonicMs();
      const found = await Promise.all([
        client.listDroplets({ tag: botTag(key.botId) }, options),
        client.listDroplets({ name: dropletName(key) }, options),
      ]);
      const droplets = new Map(found.flat().map((droplet) => [droplet.id, droplet]));
      return [...droplets.values()].flatMap((droplet) => put(droplet, startedAtMs) ?? []).filter(({ botId }) => botId === key.botId);
    },
  };
}

export type DropletBook = ReturnType<typeof createDropletBook>;

/** Null: no id of DigitalOcean's, as of a machine that another driver made. */
export const dropletId = (providerId: string): number | null => (/^[1-9]\d{0,14}$/.test(providerId) ? Number(providerId) : null);
