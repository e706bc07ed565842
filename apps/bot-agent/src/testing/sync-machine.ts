import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { type BotConfigPayload, type JsonObject } from '@trawling/contracts';
import { systemClock } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { createSecurityEvents } from '../reports/security-events.js';
import { openConfigBase } from '../sync/config-base.js';
import { openCredentials } from '../sync/credentials.js';
import { enroll, loadIdentity } from '../sync/enrollment.js';
import { openKeySet } from '../sync/key-set.js';
import { createSyncClient } from '../sync/sync-client.js';
import { createSyncHttp } from '../sync/sync-http.js';
import { machineSpecFor } from './machine-spec.js';
import { type TestSyncAdapter } from './test-sync-adapter.js';

export type SyncMachine = Awaited<ReturnType<typeof openSyncMachine>>;

/**
 * Everything of a machine that talks to the sync-adapter, on its files in `dir`, enrolled. Opened again on the same
 * folder it is the machine after a restart of its agent.
 */
export async function openSyncMachine(server: TestSyncAdapter, dir: string, host: Host = realHost) {
  const paths = machinePaths(dir);
  for (const folder of paths.dirs) await mkdir(folder, { recursive: true });
  const { logger } = createMemoryLogger();
  const stop = new AbortController();
  const events: { type: string; data: JsonObject; message: string }[] = [];
  const gone: string[] = [];
  const reporter = { event: async (type: string, _severity: string, message: string, data: JsonObject = {}) => void events.push({ type, message, data }) };
  const security = createSecurityEvents({ reporter, clock: systemClock, logger });
  const identity = await loadIdentity(host, paths.identity, randomBytes);
  let changes = 0;
  const credentials = await openCredentials({
    host,
    path: paths.credentials,
    enrolledPath: paths.credential,
    first: { id: identity.credential_id, credential: identity.credential },
    clock: systemClock,
    randomBytes,
    logger,
    onChange: () => (changes += 1),
  });
  const http = createSyncHttp({ baseUrl: server.url, credentials, clock: systemClock, userAgent: 'test', stop: stop.signal, onGone: (code) => gone.push(code) });
  const client = createSyncClient(http, server.botId);
  const keySet = await openKeySet({
    host,
    path: paths.keySet,
    rootPublicJwk: server.rootPublicJwk,
    fetchKeySet: client.keys,
    onRefused: ({ reason, message }) => security.say('security.key_set_refused', reason, message),
  });
  const spec = machineSpecFor(server);
  if (server.enrolled() === null) await writeFile(paths.enrollmentToken, server.enrollmentToken);
  await enroll({ host, paths, spec, identity, client, keySet, clock: systemClock, random: () => 0, logger, signal: stop.signal });

  let applied: BotConfigPayload | null = null;
  return {
    host, paths, spec, identity, credentials, client, keySet, security, events, gone, logger, stop,
    base: await openConfigBase(host, paths.fetched),
    botId: server.botId,
    applied: () => applied,
    setApplied: (payload: BotConfigPayload) => (applied = payload),
    credentialChanges: () => changes,
    clock: systemClock,
    random: Math.random,
  };
}
