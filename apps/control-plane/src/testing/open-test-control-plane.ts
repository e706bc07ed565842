import type { Ed25519PublicJwk, Role } from '@trawling/contracts';
import { createKeyring, generateEd25519, type Keyring } from '@trawling/crypto';
import { type Database, openDatabase } from '@trawling/database';
import { createTestDatabase } from '@trawling/database/testing';
import { createMetrics, drain, listen } from '@trawling/http';
import { holdToOpenApi } from '@trawling/http/testing';
import { chooseQueueBackend } from '@trawling/queues';
import { createLogger, type OnStop, uuid7, withReleasers } from '@trawling/runtime';
import { PublisherEnv } from '@trawling/status-publisher';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agent } from 'supertest';
import { createApiKey } from '../auth/api-keys.js';
import { openControlPlane } from '../compose.js';
import { initInstallation } from '../installation/init-installation.js';
import { publishAgent } from '../installation/publish-agent.js';

export type Api = ReturnType<typeof agent>;

/** A control plane on a database of its own, under its own role; every answer is held to /openapi.json. */
export type TestControlPlane = {
  /** The API as the holder of a new key of this role. */
  as: (role: Role, ownerId?: string) => Promise<Api>;
  /** The API without a key. */
  anonymous: Api;
  /** Where it listens. */
  url: string;
  /** The API with this text as its bearer token. */
  bearer: (token: string) => Api;
  makeKey: (role: Role, ownerId?: string) => Promise<{ id: string; key: string }>;
  /** The database as its owner, who may do everything. */
  owner: Database;
  ownerUrl: string;
  /** The database as the control plane itself. */
  controlPlaneUrl: string;
  /** As its own role. */
  databaseUrl: string;
  masterKeys: string;
  /** Every line logged so far. */
  logs: string[];
  keyring: Keyring;
  rootPublicJwk: Ed25519PublicJwk;
  /** The private root key, and one that is not this installation's. */
  rootKeyFile: string;
  otherRootKeyFile: string;
  publishAgent: () => Promise<{ sha256: string }>;
  /** Throws when an answer since the last call was not as /openapi.json says. */
  checkResponses: () => void;
  close: () => Promise<void>;
};

export const registrationFile = join(__dirname, '../../agent-registration.yaml');

/** For a control plane that tells nobody how it is. */
export const unpublished = () => ({ metrics: createMetrics(), publishing: PublisherEnv.parse({}), registrationFile });

export type TestOptions = {
  /** Whether an agent build is published (default true). */
  agentBuild?: boolean;
  /** Default: the queue is in Postgres. */
  redisUrl?: string;
  /** Where the control plane finds the database, given where it is. */
  route?: (onStop: OnStop, url: string) => Promise<string>;
};

export async function openTestControlPlane({ agentBuild = true, redisUrl, route }: TestOptions = {}): Promise<TestControlPlane> {
  const logs: string[] = [];
  const logger = createLogger({ name: 'control-plane', level: 'trace', destination: { write: (line: string) => void logs.push(line) } });
  const masterKeys = `test:${randomBytes(32).toString('base64')}`;
  const opened = await withReleasers(async (onStop) => {
    const test = await createTestDatabase();
    onStop(() => test.close(), 'test database');
    const owner = await openDatabase({ url: test.url, poolSize: 4 });
    onStop(() => owner.close(), 'owner connection');
    const databaseUrl = test.roleUrl('trawling_control_plane');
    const admin = await openDatabase({ url: databaseUrl, poolSize: 2 });
    onStop(() => admin.close(), 'admin connection');

    const keyring = createKeyring(masterKeys);
    const deps = { transaction: admin.transaction, keyring, now: () => new Date(), newId: uuid7, randomBytes };
    const root = generateEd25519();
    await initInstallation(deps, { rootPrivateJwk: root.privateJwk, queueBackend: chooseQueueBackend({ redisUrl }) });
    const publish = () => publishAgent(deps, { content: new Uint8Array(randomBytes(64)), version: '0.0.0-test' });
    if (agentBuild) await publish();

    const folder = mkdtempSync(join(tmpdir(), 'trawling-root-key-'));
    onStop(() => rmSync(folder, { recursive: true, force: true }), 'root key files');
    const rootKeyFile = join(folder, 'root.json');
    const otherRootKeyFile = join(folder, 'other.json');
    writeFileSync(rootKeyFile, JSON.stringify(root.privateJwk));
    writeFileSync(otherRootKeyFile, JSON.stringify(generateEd25519().privateJwk));

    const routed = route ? await route(onStop, databaseUrl) : databaseUrl;
    const { app, document, endStreams } = await openControlPlane(onStop, {
      databaseUrl: routed, redisUrl, masterKeys, logger, version: '0.0.0-test', ...unpublished(),
    });
    const hooks: (() => void)[] = [];
    const held = holdToOpenApi(app, document, (hook) => hooks.push(hook));
    const { url, server } = await listen(held, { port: 0, host: '127.0.0.1' });
    onStop(() => drain(server), 'listener');
    onStop(endStreams, 'streams');
    const bearer = (token: string): Api => agent(url).auth(token, { type: 'bearer' });
    const makeKey = (role: Role, ownerId: string | null = null) => createApiKey(deps, { name: role, role, ownerId, actor: 'test' });
    return {
      as: async (role: Role, ownerId?: string) => bearer((await makeKey(role, ownerId)).key),
      anonymous: agent(url),
      url,
      checkResponses: () => hooks.forEach((hook) => hook()),
      bearer,
      makeKey,
      owner,
      ownerUrl: test.url,
      controlPlaneUrl: databaseUrl,
      databaseUrl,
      masterKeys,
      logs,
      keyring,
      rootPublicJwk: root.publicJwk,
      rootKeyFile,
      otherRootKeyFile,
      publishAgent: publish,
    };
  });
  return { ...opened.value, close: opened.stop };
}

/** One control plane for a spec file, opened before its tests and closed after them. */
export function useControlPlane(options: TestOptions = {}): () => TestControlPlane {
  let opened: TestControlPlane | undefined;
  beforeAll(async () => {
    opened = await openTestControlPlane(options);
  }, 60_000);
  afterEach(() => opened?.checkResponses());
  afterAll(() => opened?.close());
  return () => {
    if (!opened) throw new Error('the control plane is not open yet');
    return opened;
  };
}
