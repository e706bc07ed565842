import { type CreateOutcome, type DigitalOcean, DigitalOceanError } from '@trawling/digitalocean';
import { type Clock, type Moment, momentOf, msSince } from '@trawling/runtime';
import { type CreateResult, type FoundMachine, type MachineKey, type MachineOrder, type Preflight } from '../machines/machine-driver.js';
import { type DropletBook } from './droplet-book.js';
import { dropletName, dropletTags } from './droplet-identity.js';
import { type ChosenDroplet } from './examine-account.js';

export type CreateDropletDeps = {
  client: Pick<DigitalOcean, 'createDroplet' | 'createTimeoutMs'>;
  clock: Pick<Clock, 'monotonicMs' | 'now'>;
  book: Pick<DropletBook, 'lookUp' | 'put'>;
  installationId: string;
  /** Throws while nothing that DigitalOcean says counts. */
  assertOurs: () => Promise<void>;
  /** What preflight chose; null: none can be made now, and preflight says why. */
  chosen: () => ChosenDroplet | null;
  preflight: () => Preflight;
  renderUserData: (key: MachineKey, order: MachineOrder) => string;
  /** Something about the account or the token is not as preflight saw it. */
  examineAgain: () => void;
};

/** Milliseconds for the two look-ups, waiting for their turn in the request budget included. */
const LOOK_UP_MS = 20_000;
/** Milliseconds after the beginning at which the create has to be on its way. */
const SEND_WITHIN_MS = 25_000;
/** Longest time `createDroplet` takes, in milliseconds: the lease of whoever calls it covers that. */
export const createTimeoutMs = (client: Pick<DigitalOcean, 'createTimeoutMs'>): number => SEND_WITHIN_MS + client.createTimeoutMs;

/** Until a request limit or an outage is tried again. */
const BUSY_WAIT_MS = 5_000;
/** Until somebody may have given us another token. */
const REFUSED_WAIT_MS = 60_000;

/**
 * Looks for the droplet first, whatever anybody remembers, and takes it when it is there, even while none could be made;
 * else asks for one, once, in time or not at all.
 */
export async function createDroplet(deps: CreateDropletDeps, key: MachineKey, order: MachineOrder, options: { begun?: Moment } = {}): Promise<CreateResult> {
  const begun = options.begun ?? momentOf(deps.clock);
  const found = await lookFor(deps, key).catch((error: unknown) => whyNot(error));
  if (!Array.isArray(found)) return found;
  const [existing] = found
    .filter(({ generation, state }) => generation === key.generation && state !== 'gone')
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || Number(a.providerId) - Number(b.providerId));
  if (existing) return { outcome: 'accepted', providerId: existing.providerId };

  const chosen = deps.chosen();
  if (!chosen) return { outcome: 'not_sent', reason: whyNone(deps.preflight()), waitMs: BUSY_WAIT_MS };
  let userData: string;
  try {
    userData = deps.renderUserData(key, order);
  } catch (error) {
    return { outcome: 'rejected', reason: `The user data cannot be made: ${error instanceof Error ? error.message : 'unknown reason'}`, retryable: true };
  }
  const sendWithinMs = Math.floor(SEND_WITHIN_MS - msSince(deps.clock, begun));
  if (sendWithinMs <= 0) return { outcome: 'not_sent', reason: 'Looking for the machine took too long', waitMs: BUSY_WAIT_MS };
  const result = await deps.client.createDroplet(
    {
      name: dropletName(key),
      tags: dropletTags(deps.installationId, key),
      region: chosen.region,
      size: chosen.size,
      image: chosen.image,
      ssh_keys: [...chosen.sshKeys],
      monitoring: chosen.monitoring,
      ...(chosen.vpcUuid === null ? {} : { vpc_uuid: chosen.vpcUuid }),
      user_data: userData,
    },
    { sendWithinMs },
  );
  return toResult(deps, result);
}

async function lookFor({ book, assertOurs }: CreateDropletDeps, key: MachineKey): Promise<FoundMachine[]> {
  await assertOurs();
  return book.lookUp(key, AbortSignal.timeout(LOOK_UP_MS));
}

const whyNone = (preflight: Preflight): string => (preflight.state === 'ready' ? 'DigitalOcean is still being examined' : preflight.reason);

function toResult(deps: CreateDropletDeps, result: CreateOutcome): CreateResult {
  if (result.outcome === 'unknown') return result;
  if (result.outcome === 'accepted') {
    deps.book.put(result.droplet);
    return { outcome: 'accepted', providerId: String(result.droplet.id) };
  }
  const { status, message, retryable } = result;
  if (status === null && retryable) return { outcome: 'not_sent', reason: message, waitMs: BUSY_WAIT_MS };
  if (status === 429) return { outcome: 'not_sent', reason: 'DigitalOcean takes no more requests for now', waitMs: BUSY_WAIT_MS };
  deps.examineAgain();
  if (status === 401 || status === 403) return { outcome: 'not_sent', reason: `DigitalOcean refuses our token: ${message}`, waitMs: REFUSED_WAIT_MS };
  return { outcome: 'rejected', reason: `DigitalOcean says: ${message}`, retryable };
}

/** Nothing was asked for yet, so nothing can have been made. */
function whyNot(error: unknown): CreateResult {
  const isRefused = error instanceof DigitalOceanError && error.kind === 'refused';
  const what = error instanceof DigitalOceanError && error.kind !== 'aborted' ? error.message : 'DigitalOcean did not answer in time';
  return { outcome: 'not_sent', reason: `The machine could not be looked for: ${what}`, waitMs: isRefused ? REFUSED_WAIT_MS : BUSY_WAIT_MS };
}
