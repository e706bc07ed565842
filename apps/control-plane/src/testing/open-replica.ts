import { drain, listen } from '@trawling/http';
import { createLogger, withReleasers } from '@trawling/runtime';
import { agent } from 'supertest';
import { openControlPlane } from '../compose.js';
import { type Api, type TestControlPlane, unpublished } from './open-test-control-plane.js';

export type Replica = { url: string; bearer: (token: string) => Api; stop: () => Promise<void> };

/** Another control plane on the same database. */
export async function openReplica({ databaseUrl, masterKeys }: TestControlPlane): Promise<Replica> {
  const logger = createLogger({ name: 'control-plane', level: 'silent' });
  const { value: url, stop } = await withReleasers(async (onStop) => {
    const { app, endStreams } = await openControlPlane(onStop, { databaseUrl, masterKeys, logger, version: '0.0.0-test', ...unpublished() });
    const { url, server } = await listen(app, { port: 0, host: '127.0.0.1' });
    onStop(() => drain(server), 'listener');
    onStop(endStreams, 'streams');
    return url;
  });
  return { url, bearer: (token) => agent(url).auth(token, { type: 'bearer' }), stop };
}
