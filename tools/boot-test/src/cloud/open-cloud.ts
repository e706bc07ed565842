import { startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { type OnStop } from '@trawling/runtime';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../world/free-port.js';
import { type World } from '../world/open-world.js';
import { startService } from '../world/start-service.js';
import { localAuthorities } from './local-authorities.js';

/** A droplet that was asked for. */
export type OrderedDroplet = { id: number; name: string; userData: string };

/** What makes machines for bots here: the real provisioner with the real driver, and a DigitalOcean of ours. */
export type Cloud = {
  /** Those that were ordered and not deleted since. */
  droplets: () => OrderedDroplet[];
};

export async function openCloud(onStop: OnStop, input: { checkout: string; folder: string; world: World }): Promise<Cloud> {
  const { checkout, folder, world } = input;
  const digitalOcean = await startFakeDigitalOcean();
  onStop(() => digitalOcean.stop(), 'DigitalOcean');
  // As with a mirror of one's own: droplets are told whom to trust beside the public authorities.
  const authorities = join(folder, 'authorities.pem');
  writeFileSync(authorities, [readFileSync(world.certificateFile, 'utf8'), ...localAuthorities()].join(''));
  const port = await freePort();
  await startService(onStop, {
    name: 'provisioner',
    script: join(checkout, 'apps/provisioner/dist/main.js'),
    env: {
      PORT: String(port),
      DATABASE_URL: world.databaseUrlFor('trawling_provisioner'),
      SYNC_ADAPTER_URL: world.syncAdapterUrl,
      MACHINE_DRIVER: 'digitalocean',
      DIGITALOCEAN_TOKEN: 'boot-test',
      DIGITALOCEAN_API_URL: digitalOcean.url,
      DIGITALOCEAN_IMAGE: 'debian-12-x64',
      MACHINE_CA_FILE: authorities,
      SWEEP_SECONDS: '2',
    },
    logFile: join(folder, 'provisioner.log'),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
  return { droplets: () => digitalOcean.droplets().map(({ id, name, userData }) => ({ id, name, userData })) };
}
