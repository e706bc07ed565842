import { runMain, withReleasers } from '@trawling/runtime';
import { Env } from './env.js';
import { startFakeDigitalOcean } from './start-fake.js';

void runMain({
  name: 'digitalocean-fake',
  version: '0.1.0',
  help: 'A DigitalOcean that keeps its droplets in memory and fails as it is told. For tests and for trying things out.',
  Env,
  env: process.env,
  argv: process.argv.slice(2),
  compose: (env, { logger }) =>
    withReleasers(async (onStop) => {
      const fake = await startFakeDigitalOcean({ port: env.PORT, host: env.HOST, seed: env.SEED, faults: env.FAULTS, timings: env.TIMINGS });
      onStop(() => fake.stop(), 'fake');
      logger.info({ url: fake.url, seed: env.SEED }, 'listening');
      return fake;
    }),
});
