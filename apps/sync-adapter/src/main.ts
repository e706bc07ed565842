import { join } from 'node:path';
import { runMain } from '@trawling/runtime';
import { version } from '../package.json';
import { compose } from './compose.js';
import { Env } from './env.js';

void runMain({
  name: 'sync-adapter',
  version,
  help: 'The only service bots talk to: enrollment, config, secrets, acks, heartbeats, reports. Decides nothing.',
  Env,
  env: process.env,
  argv: process.argv.slice(2),
  compose: (env, { logger }) => compose(env, { logger, version, registrationFile: join(__dirname, 'agent-registration.yaml') }),
});
