// `node tools/digitalocean-smoke.mjs`: the one paid test against the real DigitalOcean; docs/digitalocean.md has the checklist.
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { buildProject } from './build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (process.argv.includes('--help')) {
  console.log(`usage: DIGITALOCEAN_TOKEN=… node tools/digitalocean-smoke.mjs
Makes one small droplet of a fleet of its own, finds it, makes sure that asking again makes no second one, destroys it and
cleans up after itself; a few cents. With CONTROL_PLANE_URL and CONTROL_PLANE_API_KEY also a bot of that installation, from
POST /bots to its first config applied, and its end. DIGITALOCEAN_REGION and DIGITALOCEAN_IMAGE choose where and from what.
Exit code: 0 passed, 1 failed, 2 not run (no token).`);
} else {
  await buildProject(join(root, 'apps/provisioner'));
  const { runSmoke } = createRequire(import.meta.url)(join(root, 'apps/provisioner/dist/smoke.js'));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      console.log(stopping.signal.aborted ? 'Still cleaning up; killing this now may leave a droplet that is billed.' : 'Stopping, and cleaning up …');
      stopping.abort(new Error('interrupted'));
    });
  }
  process.exitCode = await runSmoke({ env: process.env, say: (line) => console.log(line), signal: stopping.signal });
}
