import { type Account, type DigitalOcean, DigitalOceanError, type Image, type ImageRef, type Size } from '@trawling/digitalocean';
import { fleetTag } from './droplet-identity.js';
import { accountId, type FleetAccount } from './fleet-account.js';
import { type DropletSettings } from './droplet-settings.js';
import { fleetFirewall, whyUnreachable } from './fleet-firewall.js';

/** What a droplet of ours is made with, after all of it was found at DigitalOcean. */
export type ChosenDroplet = Pick<DropletSettings, 'region' | 'image' | 'vpcUuid' | 'sshKeys' | 'monitoring'> & {
  size: string;
  /** US dollars. */
  hourlyUsd: number;
};

/** `failed` needs somebody; `away` heals by itself; `warned` is no obstacle. */
export type Check = { name: string; result: 'passed' | 'warned' | 'failed' | 'away'; detail: string };
export type AccountReport = {
  checks: Check[];
  /** Null: droplets cannot be made. */
  chosen: ChosenDroplet | null;
  /** US dollars a month by slug of a size. */
  prices: ReadonlyMap<string, number>;
};

export type ExamineDeps = {
  client: DigitalOcean;
  settings: DropletSettings;
  installationId: string;
  fleetAccount: Pick<FleetAccount, 'claim'>;
  /** Where machines find the sync-adapter and their prices; droplets must be able to reach them. */
  addresses: { syncAdapterUrl: string; dataRetrievalUrl: string | null };
};

/** There has never been such a droplet at DigitalOcean: their numbers have had eight digits for many years. */
const NO_DROPLET = 1;

/**
 * Everything that a create needs, tried or looked up before the first one, each with a sentence for the operator. Makes
 * the fleet's tag and the firewall bound to it, before there is a droplet. Never throws.
 */
export async function examineAccount(deps: ExamineDeps): Promise<AccountReport> {
  const { client, settings, installationId } = deps;
  const checks: Check[] = [];
  const check = async <T>(name: string, scope: string, run: () => Promise<{ value: T; detail: string; result?: Check['result'] }>): Promise<T | null> => {
    try {
      const { value, detail, result = 'passed' } = await run();
      checks.push({ name, result, detail });
      return result === 'failed' ? null : value;
    } catch (error) {
      checks.push({ name, ...explain(error, scope) });
      return null;
    }
  };

  checks.push(...checkAddresses(deps.addresses));
  const account = await check('token', 'account:read', async () => describeAccount(await client.account()));
  const prices = new Map<string, number>();
  if (!account) return { checks, chosen: null, prices };
  const ours = await check('account', 'account:read', async () => {
    const why = await deps.fleetAccount.claim(account);
    return why === null ? { value: true, detail: `team ${accountId(account)} has the machines of this installation` } : failed(why);
  });
  // Nothing is to be left in somebody else's account.
  if (!ours) return { checks, chosen: null, prices };

  const size = await check('size', 'sizes:read', async () => {
    const sizes = await client.sizes();
    for (const { slug, price_monthly: monthly } of sizes) prices.set(slug, monthly);
    return chooseSize(sizes, settings);
  });
  const region = await check('region', 'regions:read', async () => {
    const found = (await client.regions()).find(({ slug }) => slug === settings.region);
    if (!found) return failed(`there is no region "${settings.region}"`);
    return found.available ? { value: found, detail: found.name } : failed(`${found.name} takes no new droplets`);
  });
  const image = await check('image', 'image:read', async () => describeImage(await client.image(settings.image), settings));
  const keys = await check('ssh keys', 'ssh_key:read', async () => describeKeys(settings, settings.sshKeys.length === 0 ? [] : await client.sshKeys()));
  const vpc = await check('vpc', 'vpc:read', async () => {
    if (settings.vpcUuid === null) return { value: true, detail: 'the default of the region' };
    const found = (await client.vpcs()).find(({ id }) => id === settings.vpcUuid);
    if (!found) return failed(`there is no VPC ${settings.vpcUuid}`);
    return found.region === settings.region ? { value: true, detail: found.name } : failed(`${found.name} is in region ${found.region}, not ${settings.region}`);
  });

  const tag = await check('tag', 'tag:create', async () => {
    await client.createTag(fleetTag(installationId));
    return { value: true, detail: fleetTag(installationId) };
  });
  const firewall = !tag ? null : await check('firewall', 'firewall:read, firewall:create and firewall:update', async () => {
    const { firewall: found, change } = await client.ensureFirewall(fleetFirewall(installationId));
    return { value: true, detail: change === 'none' ? found.name : `${found.name} (${change})` };
  });
  const quota = await check('quota', 'droplet:read and tag:read', async () => {
    const { total } = await client.listPage({ tag: fleetTag(installationId) }, 1);
    return describeQuota(account, { all: await client.countDroplets(), ours: total });
  });
  const mayChange = await check('rights', 'droplet:delete, droplet:update and tag:delete', async () => {
    const stranger = await client.getDroplet(NO_DROPLET);
    if (stranger) return { value: true, detail: 'not tried' };
    await client.deleteDroplet(NO_DROPLET);
    await client.powerOn(NO_DROPLET);
    await client.deleteTag(`${fleetTag(installationId)}:never-used`);
    return { value: true, detail: 'to start and delete droplets and to delete tags; the one to create is seen at the first create' };
  });

  const complete = size && region && image && keys && vpc && firewall && quota && mayChange && checks.every(({ result }) => result !== 'failed');
  const { region: slug, image: ref, vpcUuid, sshKeys, monitoring } = settings;
  return { checks, prices, chosen: complete ? { region: slug, image: ref, vpcUuid, sshKeys, monitoring, size: size.slug, hourlyUsd: size.price_hourly } : null };
}

const failed = (detail: string) => ({ value: null, detail, result: 'failed' as const });

function explain(error: unknown, scope: string): Pick<Check, 'result' | 'detail'> {
  if (!(error instanceof DigitalOceanError)) return { result: 'away', detail: error instanceof Error ? error.message : 'unknown reason' };
  if (error.status === 401) return { result: 'failed', detail: 'DigitalOcean refuses the token' };
  if (error.status === 403) return { result: 'failed', detail: `the token may not do this: it needs the scopes ${scope}` };
  return { result: error.kind === 'refused' ? 'failed' : 'away', detail: error.message };
}

function checkAddresses({ syncAdapterUrl, dataRetrievalUrl }: ExamineDeps['addresses']): Check[] {
  const sync = whyUnreachable(syncAdapterUrl);
  const data = dataRetrievalUrl === null ? null : whyUnreachable(dataRetrievalUrl);
  return [
    { name: 'sync-adapter', result: sync === null ? 'passed' : 'failed', detail: sync === null ? syncAdapterUrl : `${syncAdapterUrl}: ${sync}` },
    ...(data === null ? [] : [{ name: 'data source', result: 'warned' as const, detail: `${String(dataRetrievalUrl)}: ${data}` }]),
  ];
}

function describeAccount(account: Account) {
  if (account.status === 'active') return { value: account, detail: `team ${accountId(account)}` };
  return failed(`the account is ${account.status}: ${account.status_message}`);
}

function chooseSize(sizes: readonly Size[], settings: DropletSettings) {
  const { region, memoryMb } = settings;
  const inRegion = sizes.filter((size) => size.available && size.regions.includes(region));
  const describe = (size: Size) => ({ value: size, detail: `${size.slug}: ${size.memory} MB, ${size.vcpus} CPU, $${size.price_monthly} a month` });
  if (settings.size === null) {
    const [cheapest] = inRegion.filter(({ memory }) => memory >= memoryMb).sort((a, b) => a.price_hourly - b.price_hourly || a.slug.localeCompare(b.slug));
    return cheapest ? describe(cheapest) : failed(`no size in ${region} has ${memoryMb} MB`);
  }
  const size = inRegion.find(({ slug }) => slug === settings.size);
  if (!size) return failed(`"${settings.size}" is not to be had in ${region}`);
  if (size.memory < memoryMb) return { ...describe(size), detail: `${size.slug} has ${size.memory} MB, less than the ${memoryMb} MB that a bot needs`, result: 'warned' as const };
  return describe(size);
}

function describeImage(image: Image | null, { image: ref, region }: { image: ImageRef; region: string }) {
  if (!image) return failed(`there is no image "${ref}"`);
  if (image.status !== undefined && image.status !== 'available') return failed(`image "${ref}" is ${image.status}, not available`);
  if (!image.regions.includes(region)) return failed(`image "${ref}" is not in ${region}: a snapshot has to be transferred there first`);
  return { value: image, detail: image.name ?? String(ref) };
}

function describeKeys({ sshKeys: wanted }: DropletSettings, known: readonly { id: number; fingerprint: string }[]) {
  const missing = wanted.filter((key) => !known.some(({ id, fingerprint }) => String(id) === String(key) || fingerprint === key));
  if (missing.length > 0) return failed(`not in this team: ${missing.join(', ')}`);
  if (wanted.length > 0) return { value: true, detail: `${wanted.length} on each droplet` };
  return { value: true, detail: 'none: DigitalOcean mails a root password for each droplet to the owner of the account', result: 'warned' as const };
}

function describeQuota({ droplet_limit: limit }: Account, { all, ours }: { all: number; ours: number }) {
  if (all >= limit) return failed(`all ${limit} droplets of the account's limit are in use, ${ours} of them by this fleet: ask DigitalOcean for more`);
  return { value: true, detail: `${all} of at most ${limit} droplets are in use, ${ours} of them by this fleet` };
}
