import { once } from 'node:events';
import { runMain, withReleasers } from '@trawling/runtime';
import { createStandIn } from './app.js';
import { Env } from './env.js';

void runMain({
  name: 'llm-stand-in',
  version: '0.1.0',
  help: 'An OpenAI-compatible server for development: answers agent turns without a key. Not for production.',
  Env,
  env: process.env,
  argv: process.argv.slice(2),
  compose: (env, { logger }) =>
    withReleasers(async (onStop) => {
      const server = createStandIn({ now: () => new Date() }).listen(env.PORT, env.HOST);
      onStop(() => new Promise((done) => (server.close(done), server.closeAllConnections())), 'http server');
      await once(server, 'listening');
      logger.info({ address: server.address() }, 'listening');
      return server;
    }),
});
