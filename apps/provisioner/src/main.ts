import { join } from 'node:path';
import { runMain } from '@trawling/runtime';
import { version } from '../package.json';
import { compose } from './compose.js';
import { Env } from './env.js';

void runMain({
  name: 'provisioner',
  version,
  help: 'Makes the machines match the bots: creates, adopts, starts and destroys them. Talks to no bot.',
  Env,
  env: process.env,
  argv: process.argv.slice(2),
  compose: (env, { logger }) =>
    compose(env, { logger, version, environment: process.env, supervisorFile: join(__dirname, 'supervisor.js'), registrationFile: join(__dirname, 'agent-registration.yaml') }),
});
