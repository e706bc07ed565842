import { type Droplet, DropletList } from '../answers.js';
import type { CallOptions, DropletPage } from '../digitalocean.js';
import { DigitalOceanError } from '../digitalocean-error.js';
import { DropletFilter } from '../requests.js';
import { type ApiDeps, callApi } from './call-api.js';

/** The most that the API gives at a time. */
const PAGE_SIZE = 200;
/** Of one reading; ten times the largest fleet: a list without an end is an error, not a reason to go on. */
const MAX_PAGES = 500;
/** How often a list is read again because it shrank meanwhile. */
const PASSES = 3;

/** Without the rows that do not match: a filter that the API did not apply must not show us droplets of others. */
export async function listPage(deps: ApiDeps, filter: DropletFilter, page: number, options?: CallOptions): Promise<DropletPage> {
  const by = DropletFilter.parse(filter);
  const wanted = 'tag' in by ? { tag_name: by.tag } : { name: by.name };
  const list = await callApi(deps, {
    method: 'GET', path: '/v2/droplets', query: { ...wanted, page, per_page: PAGE_SIZE }, kind: 'read', schema: DropletList, options,
  });
  if (!list) throw new DigitalOceanError('DigitalOcean GET /v2/droplets: there is no such list', { kind: 'unreachable', status: 404 });
  const droplets = list.droplets.filter((droplet) => matches(droplet, by));
  const strangers = list.droplets.length - droplets.length;
  if (strangers > 0) deps.logger.warn({ filter: by, strangers }, 'DigitalOcean listed droplets that do not match: ignored');
  return { droplets, total: list.meta.total, last: list.links?.pages?.next === undefined };
}

/** One row is asked for, and its answer says how many there are. Nothing is ever done to a row that came without a filter. */
export async function countDroplets(deps: ApiDeps, options?: CallOptions): Promise<number> {
  const list = await callApi(deps, { method: 'GET', path: '/v2/droplets', query: { page: 1, per_page: 1 }, kind: 'read', schema: DropletList, options });
  if (!list) throw new DigitalOceanError('DigitalOcean GET /v2/droplets: there is no such list', { kind: 'unreachable', status: 404 });
  return list.meta.total;
}

/**
 * All pages. When a droplet is deleted between two pages, the rows behind it move up and one is seen on neither page:
 * a total that shrank is a reason to read again, and what any of the readings saw is in the result.
 */
export async function listDroplets(deps: ApiDeps, filter: DropletFilter, options?: CallOptions): Promise<Droplet[]> {
  const seen = new Map<number, Droplet>();
  for (let pass = 1; pass <= PASSES; pass += 1) {
    const { droplets, shrank } = await readAllPages(deps, filter, options);
    for (const droplet of droplets) seen.set(droplet.id, droplet);
    if (!shrank) break;
  }
  return [...seen.values()];
}

async function readAllPages(deps: ApiDeps, filter: DropletFilter, options?: CallOptions): Promise<{ droplets: Droplet[]; shrank: boolean }> {
  const droplets: Droplet[] = [];
  let shrank = false;
  let total = 0;
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    const page = await listPage(deps, filter, number, options);
    droplets.push(...page.droplets);
    shrank ||= page.total < total;
    total = page.total;
    if (page.last) return { droplets, shrank };
  }
  throw new DigitalOceanError(`DigitalOcean GET /v2/droplets: no end after ${MAX_PAGES} pages`, { kind: 'unreachable' });
}

function matches(droplet: Droplet, filter: DropletFilter): boolean {
  if ('tag' in filter) return droplet.tags.includes(filter.tag);
  return droplet.name.toLowerCase() === filter.name.toLowerCase();
}
