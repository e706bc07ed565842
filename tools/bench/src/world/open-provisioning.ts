import { type Database } from '@trawling/database';
import { type FakeDigitalOcean, startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { type OnStop } from '@trawling/runtime';
import { join } from 'node:path';
import { openInstallation } from './open-installation.js';
import { type World } from './open-world.js';

const PROVISIONERS = 2;

export type Provisioning = { controlPlaneUrl: string; apiKey: string; db: Database; cloud: FakeDigitalOcean };

/** An installation with two provisioners as processes, and a DigitalOcean that answers at once but keeps both of its rate windows. */
export async function openProvisioning(onStop: OnStop, world: World): Promise<Provisioning> {
  const cloud = await startFakeDigitalOcean();
  onStop(() => cloud.stop(), 'DigitalOcean');
  const { controlPlane, apiKey, db, urlFor } = await openInstallation(onStop, world);
  for (let number = 1; number <= PROVISIONERS; number += 1) {
    await world.startServer(`provisioner-${number}`, join(world.root, 'apps/provisioner/dist/main.js'), {
      LOG_LEVEL: 'info',
      DATABASE_URL: urlFor('trawling_provisioner'),
      MACHINE_DRIVER: 'digitalocean',
      DIGITALOCEAN_TOKEN: 'dop_v1_bench',
      DIGITALOCEAN_API_URL: cloud.url,
      DIGITALOCEAN_IMAGE: 'debian-12-x64',
      SYNC_ADAPTER_URL: 'https://bots.example.com',
      OPENCLAW_MANIFEST_DIR: join(world.root, 'tools/openclaw-runtime'),
    });
  }
  return { controlPlaneUrl: controlPlane.url, apiKey, db, cloud };
}
