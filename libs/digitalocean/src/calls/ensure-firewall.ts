import { type Firewall, FirewallAnswer, FirewallList } from '../answers.js';
import type { CallOptions } from '../digitalocean.js';
import { DigitalOceanError } from '../digitalocean-error.js';
import { FirewallSpec } from '../requests.js';
import { type ApiDeps, callApi } from './call-api.js';
import { listAll } from './list-all.js';

export type EnsuredFirewall = { firewall: Firewall; change: 'created' | 'updated' | 'none' };

/** Looks for the firewall by its name, which is unique in an account, and makes it what `spec` says. */
export async function ensureFirewall(deps: ApiDeps, spec: FirewallSpec, options?: CallOptions): Promise<EnsuredFirewall> {
  const wanted = FirewallSpec.parse(spec);
  const there = await findFirewall(deps, wanted.name, options);
  if (there) return correct(deps, there, wanted, options);
  try {
    const answer = await callApi(deps, { method: 'POST', path: '/v2/firewalls', body: wanted, kind: 'other', schema: FirewallAnswer, options });
    if (!answer) throw new DigitalOceanError('DigitalOcean POST /v2/firewalls: a tag of it does not exist', { kind: 'refused', status: 404, id: 'not_found' });
    return { firewall: answer.firewall, change: 'created' };
  } catch (error) {
    // Another process may have made it, or our own request did although its answer was lost.
    const made = await findFirewall(deps, wanted.name, options);
    if (!made) throw error;
    return correct(deps, made, wanted, options);
  }
}

const findFirewall = async (deps: ApiDeps, name: string, options?: CallOptions): Promise<Firewall | undefined> =>
  (await listAll(deps, { path: '/v2/firewalls', schema: FirewallList, rows: (list) => list.firewalls, options })).find((one) => one.name === name);

async function correct(deps: ApiDeps, there: Firewall, wanted: FirewallSpec, options?: CallOptions): Promise<EnsuredFirewall> {
  if (meaning(there) === meaning(wanted)) return { firewall: there, change: 'none' };
  // PUT replaces everything: droplets that somebody attached by hand stay attached.
  const body = { ...wanted, droplet_ids: there.droplet_ids ?? [] };
  const path = `/v2/firewalls/${encodeURIComponent(there.id)}`;
  const answer = await callApi(deps, { method: 'PUT', path, body, kind: 'other', schema: FirewallAnswer, options });
  if (!answer) throw new DigitalOceanError(`DigitalOcean PUT ${path}: the firewall is gone`, { kind: 'refused', status: 404, id: 'not_found' });
  return { firewall: answer.firewall, change: 'updated' };
}

type Ruled = Pick<Firewall, 'tags' | 'inbound_rules' | 'outbound_rules'>;

/** The same text for two firewalls that let the same through, whatever the order. The API writes all ports as 0. */
function meaning({ tags, inbound_rules: inbound, outbound_rules: outbound }: Ruled): string {
  const rule = (protocol: string, ports: string, addresses: string[]): string =>
    `${protocol} ${ports === '' || ports === 'all' ? '0' : ports} ${[...addresses].sort().join(',')}`;
  return JSON.stringify([
    [...(tags ?? [])].sort(),
    (inbound ?? []).map((one) => rule(one.protocol, one.ports, one.sources.addresses ?? [])).sort(),
    (outbound ?? []).map((one) => rule(one.protocol, one.ports, one.destinations.addresses ?? [])).sort(),
  ]);
}
