import { join } from 'node:path';
import { runMain } from '@trawling/runtime';
import { version } from '../package.json';
import { compose } from './compose.js';
import { Env } from './env.js';

void runMain({
  name: 'control-plane',
  version,
  help: 'Owns what bots shall run: settings, config versions, secrets, audit. Verifies enrollments. Talks to no bot.',
  Env,
  env: process.env,
  argv: process.argv.slice(2),
  compose: (env, { logger }) => compose(env, { logger, version, registrationFile: join(__dirname, 'agent-registration.yaml') }),
});
