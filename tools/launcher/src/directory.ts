import { BOT_SERVICE_NAME, type InstanceView } from '@trawling/contracts';
import { type ControlPlaneClient } from './control-plane-client.js';
import { type Terminal } from './terminal.js';
import { type Bounds, waitFor } from './wait.js';

/** Services that publish themselves in every installation of npm start. */
export const SERVICES = ['control-plane', 'sync-adapter', 'provisioner'] as const;

/** Who is there now; those of earlier starts are listed as offline for a while. */
export async function instancesThere(controlPlane: Pick<ControlPlaneClient, 'instances'>): Promise<InstanceView[]> {
  const { instances } = await controlPlane.instances({ status: 'healthy,degraded,draining', limit: '200' });
  return instances;
}

/** What of the installation the directory does not show as healthy yet: names of services, ids of bots. */
export function missingFrom(instances: readonly InstanceView[], botIds: readonly string[]): string[] {
  const healthy = instances.filter(({ status }) => status === 'healthy');
  return [
    ...SERVICES.filter((name) => !healthy.some(({ service_name }) => service_name === name)),
    // A bot without capabilities does not say yet what it runs.
    ...botIds.filter((id) => !healthy.some(({ bot_id, capabilities }) => bot_id === id && capabilities.length > 0)),
  ];
}

/** One line: services in their order, then bots with what they can run and have room for. */
export function describeDirectory(instances: readonly InstanceView[]): string {
  const services = SERVICES.flatMap((name) => instances.filter(({ service_name }) => service_name === name));
  const bots = instances.filter(({ service_name }) => service_name === BOT_SERVICE_NAME);
  const parts = [...services.map(({ service_name, status }) => `${service_name} ${status}`), ...bots.map(describeBotInstance)];
  return `Directory: ${parts.join(', ') || 'nobody yet'}`;
}

function describeBotInstance({ service_name, status, capabilities, free_capacity }: InstanceView): string {
  const strategies = capabilities.filter((name) => name.startsWith('strategy.'));
  return `${service_name} ${status}${strategies.length > 0 ? ` (${strategies.join(', ')}, room for ${free_capacity})` : ''}`;
}

/** Says how the directory fills until everybody is in it. Rejects past the deadline with who is not. */
export async function untilListed(
  { controlPlane, terminal, label = '' }: { controlPlane: Pick<ControlPlaneClient, 'instances'>; terminal: Terminal; label?: string },
  bounds: Bounds,
  botIds: readonly string[],
): Promise<void> {
  let missing: string[] = [];
  await waitFor(
    bounds,
    'the directory to list everybody',
    async () => {
      const instances = await instancesThere(controlPlane);
      terminal.progress(`${label}directory`, `${label}${describeDirectory(instances)}`);
      missing = missingFrom(instances, botIds);
      return missing.length === 0 ? true : null;
    },
    { describe: () => `${missing.join(', ')} not there as healthy` },
  );
}
