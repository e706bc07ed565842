import { type Droplet } from '@trawling/digitalocean';
import { BotId, type ProviderState } from '@trawling/contracts';
import { type FoundMachine, type MachineKey } from '../machines/machine-driver.js';
import { UnrecognisedMachine } from '../machines/unrecognised-machine.js';

/** Of every droplet of an installation: what the sweep lists, and what the firewall applies to. */
export const fleetTag = (installationId: string): string => `fleet:${installationId}`;
/** Of every droplet of one bot; deleted with its last one. */
export const botTag = (botId: string): string => `bot:${botId}`;
/** Shared by the bots that are at the same generation, so it is never deleted: that would take it off all of them. */
const generationTag = (generation: number): string => `gen:${generation}`;

/** Not unique at DigitalOcean: two creates make two droplets of one name. */
export const dropletName = ({ botId, generation }: MachineKey): string => `bot-${botId}-g${generation}`;

export const dropletTags = (installationId: string, key: MachineKey): string[] => [
  fleetTag(installationId),
  botTag(key.botId),
  generationTag(key.generation),
];

/** `archive` and a status of the future: nothing runs as far as we know, and nothing may be made in its place. */
const STATES = { new: 'pending', active: 'running', off: 'off', archive: 'off', unknown: 'pending' } as const satisfies Record<Droplet['status'], ProviderState>;

/**
 * The machine that a droplet is; null when it is none of this installation's. Its tags say so; a droplet that was just
 * made may have none yet, then its name does. A droplet with another installation's tag is never ours, whatever its name.
 */
export function machineOf(droplet: Droplet, installationId: string): FoundMachine | null {
  const fleets = droplet.tags.filter((tag) => tag.startsWith('fleet:'));
  if (fleets.some((tag) => tag !== fleetTag(installationId))) return null;
  const key = keyOfTags(droplet.tags) ?? keyOfName(droplet.name);
  if (!key) return null;
  return { ...key, providerId: String(droplet.id), state: STATES[droplet.status], createdAt: droplet.created_at };
}

/** Of a droplet whose number our own rows have, and that `machineOf` does not know. */
export function unrecognised({ id, name, tags, status, created_at: createdAt }: Droplet, installationId: string): UnrecognisedMachine {
  const labels = `name "${name}" and ${tags.length === 0 ? 'no tags' : `tags ${tags.join(', ')}`}`;
  return new UnrecognisedMachine(
    `Droplet ${id} is still there, but its ${labels} do not say that it is this bot's: it is neither destroyed nor replaced. `
    + `Give it back its tags (${fleetTag(installationId)}, bot:…, gen:…) and no other fleet's, or delete it at DigitalOcean`,
    { providerId: String(id), state: STATES[status], createdAt },
  );
}

/** Whether the droplet says itself that it is this installation's: only such a one may be listed for the sweep. */
export const isOfFleet = (droplet: Droplet, installationId: string): boolean => droplet.tags.includes(fleetTag(installationId));

function keyOfTags(tags: readonly string[]): MachineKey | null {
  const of = (prefix: string): string[] => tags.flatMap((tag) => (tag.startsWith(prefix) ? [tag.slice(prefix.length)] : []));
  const [bots, generations] = [of('bot:'), of('gen:')];
  return bots.length === 1 && generations.length === 1 ? toKey(bots[0], generations[0]) : null;
}

/** DigitalOcean compares names without regard to case. */
function keyOfName(name: string): MachineKey | null {
  const [, botId, generation] = /^bot-(.+)-g(\d+)$/i.exec(name) ?? [];
  return toKey(botId?.toLowerCase(), generation);
}

function toKey(botId: string | undefined, generation: string | undefined): MachineKey | null {
  const parsed = BotId.safeParse(botId);
  return parsed.success && generation !== undefined && /^[1-9]\d{0,8}$/.test(generation) ? { botId: parsed.data, generation: Number(generation) } : null;
}
