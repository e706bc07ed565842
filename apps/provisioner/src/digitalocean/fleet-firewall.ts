import { type FirewallSpec } from '@trawling/digitalocean';
import { fleetTag } from './droplet-identity.js';

const everywhere = { addresses: ['0.0.0.0/0', '::/0'] };

/** What may leave a droplet, by port: package sources, our server and the exchanges; names; the time. */
const OUT = [
  { protocol: 'tcp', ports: '80' },
  { protocol: 'tcp', ports: '443' },
  { protocol: 'tcp', ports: '53' },
  { protocol: 'udp', ports: '53' },
  { protocol: 'udp', ports: '123' },
] as const satisfies readonly Pick<FirewallSpec['outbound_rules'][number], 'protocol' | 'ports'>[];

/**
 * Nothing comes in. Bound to a tag that each create carries, so it needs no request per droplet; whether the tag is on the
 * droplet before its first packet is for DigitalOcean to say, and for the smoke test's checklist to look at.
 */
export const fleetFirewall = (installationId: string): FirewallSpec => ({
  name: `trawling-${installationId}`,
  tags: [fleetTag(installationId)],
  inbound_rules: [],
  outbound_rules: OUT.map((rule) => ({ ...rule, destinations: everywhere })),
});

/** Whether droplets can reach that address through the firewall, and may speak plainly to nobody but themselves. */
export function whyUnreachable(url: string): string | null {
  const { protocol, port } = new URL(url);
  if (protocol !== 'https:') return 'droplets speak https only: an answer that anybody could change would reach the bots';
  return port === '' ? null : `port ${port} is closed by the droplets' firewall, which lets 80 and 443 out`;
}
