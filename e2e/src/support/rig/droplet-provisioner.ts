import { type FakeDigitalOcean, startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { type OnStop } from '@trawling/runtime';
import { join } from 'node:path';
import { checkout } from '../launch.js';
import { freePort } from './postgres.js';
import { type Rig } from './rig.js';
import { createService } from './service.js';

/** A provisioner of the rig's fleet as a process, and the cloud that it makes droplets in. What runs on them is the test's own. */
export async function openDropletProvisioner(onStop: OnStop, rig: Rig): Promise<FakeDigitalOcean> {
  // A delete that was accepted is not the end yet.
  const cloud = await startFakeDigitalOcean({ timings: { delete: 2_000 } });
  onStop(() => cloud.stop(), 'cloud');
  const port = await freePort();
  const provisioner = createService({
    script: join(checkout, 'apps/provisioner/dist/main.js'),
    env: {
      PORT: String(port), DATABASE_URL: rig.postgres.urlFor('trawling_provisioner'), LOG_LEVEL: 'debug', SWEEP_SECONDS: '1',
      MACHINE_DRIVER: 'digitalocean', DIGITALOCEAN_TOKEN: 'rig', DIGITALOCEAN_API_URL: cloud.url, DIGITALOCEAN_IMAGE: 'debian-12-x64',
      // Where no droplet of this cloud ever asks: it is held to what droplets could reach.
      SYNC_ADAPTER_URL: 'https://sync-adapter.example',
    },
    logFile: join(rig.folder, 'provisioner.log'),
    readyUrl: `http://127.0.0.1:${port}/healthz`,
  });
  onStop(() => provisioner.kill(), 'provisioner');
  await provisioner.start();
  return cloud;
}
