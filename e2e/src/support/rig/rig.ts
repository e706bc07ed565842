import { ControlPlaneProblem, createControlPlaneClient, type ControlPlaneClient } from '@trawling/launcher';
import { type Logger, type OnStop, withReleasers } from '@trawling/runtime';
import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';
import { checkout } from '../launch.js';
import { openFaultyProxy, type FaultyProxy } from './faulty-proxy.js';
import { freePort, openRigPostgres, type RigPostgres } from './postgres.js';
import { createService, type Service } from './service.js';

export { ControlPlaneProblem };

const ROLES = ['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'];

/** Postgres, control-plane and sync-adapter as processes, with faulty lines in front of both; machines are the tests' own. */
export type Rig = {
  folder: string;
  postgres: RigPostgres;
  controlPlane: Service;
  syncAdapter: Service;
  /** What the app backend reaches the control plane through. */
  apiLine: FaultyProxy;
  /** What bots reach the sync-adapter through. */
  botLine: FaultyProxy;
  /** The app backend, past the faulty line. */
  api: ControlPlaneClient;
  apiKey: string;
  controlPlaneUrl: string;
  syncAdapterUrl: string;
  query: <T extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<T[]>;
};

const run = promisify(execFile);

export const openRig = (options: { redisUrl?: string; logger?: Logger } = {}) =>
  withReleasers<Rig>(async (onStop) => {
    execFileSync(process.execPath, [join(checkout, 'tools/build-services.mjs')], { stdio: 'pipe' });
    const folder = mkdtempSync(join(tmpdir(), 'trawling-rig-'));
    onStop(() => rmSync(folder, { recursive: true, force: true }), 'folder');
    const passwords = Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')]));
    const postgres = await openRigPostgres(folder, passwords);
    onStop(() => postgres.close(), 'Postgres');
    const masterKeys = `rig-1:${randomBytes(32).toString('base64')}`;
    const apiKey = await initialise({ folder, databaseUrl: postgres.url, masterKeys, queueBackend: options.redisUrl === undefined ? 'postgres' : 'redis' });

    const [controlPlanePort, syncAdapterPort, internalPort] = [await freePort(), await freePort(), await freePort()];
    const controlPlane = createService({
      script: join(checkout, 'apps/control-plane/dist/main.js'),
      env: {
        PORT: String(controlPlanePort), INTERNAL_PORT: '0', DATABASE_URL: postgres.urlFor('trawling_control_plane'), MASTER_KEYS: masterKeys, LOG_LEVEL: 'debug',
        ...(options.redisUrl === undefined ? {} : { REDIS_URL: options.redisUrl }),
      },
      logFile: join(folder, 'control-plane.log'),
      readyUrl: `http://127.0.0.1:${controlPlanePort}/healthz`,
    });
    const syncAdapter = createService({
      script: join(checkout, 'apps/sync-adapter/dist/main.js'),
      env: { PORT: String(syncAdapterPort), INTERNAL_PORT: String(internalPort), DATABASE_URL: postgres.urlFor('trawling_sync_adapter'), LOG_LEVEL: 'debug' },
      logFile: join(folder, 'sync-adapter.log'),
      readyUrl: `http://127.0.0.1:${internalPort}/healthz`,
    });
    onStop(() => syncAdapter.kill(), 'sync-adapter');
    onStop(() => controlPlane.kill(), 'control-plane');
    await Promise.all([controlPlane.start(), syncAdapter.start()]);

    const apiLine = await openLine(onStop, controlPlanePort);
    const botLine = await openLine(onStop, syncAdapterPort);
    const controlPlaneUrl = `http://127.0.0.1:${controlPlanePort}`;
    return {
      folder, postgres, controlPlane, syncAdapter, apiLine, botLine, apiKey, controlPlaneUrl,
      syncAdapterUrl: `http://127.0.0.1:${syncAdapterPort}`,
      api: createControlPlaneClient({ url: controlPlaneUrl, apiKey }),
      query: (text, values) => query(postgres.url, text, values),
    };
  });

async function openLine(onStop: OnStop, port: number): Promise<FaultyProxy> {
  const line = await openFaultyProxy(port);
  onStop(() => line.close(), 'line');
  return line;
}

/** A connection for each question: the tests crash the server between them. */
async function query<T extends pg.QueryResultRow>(url: string, text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function initialise(input: { folder: string; databaseUrl: string; masterKeys: string; queueBackend: string }): Promise<string> {
  const rootKey = join(input.folder, 'root-key.json');
  writeFileSync(rootKey, JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  const env = { PATH: process.env['PATH'], DATABASE_URL: input.databaseUrl, MASTER_KEYS: input.masterKeys };
  const admin = async (...args: string[]): Promise<string> =>
    (await run(process.execPath, [join(checkout, 'apps/control-plane/dist/admin.js'), ...args], { env })).stdout;
  await admin('init', '--root-key', rootKey, '--queue-backend', input.queueBackend, '--json');
  await admin('publish-agent', '--file', join(checkout, 'apps/bot-agent/dist/main.js'));
  await admin('publish-openclaw', '--lock', join(checkout, 'tools/openclaw-runtime/package-lock.json'));
  return z.looseObject({ key: z.string() }).parse(JSON.parse(await admin('create-api-key', '--name', 'rig', '--role', 'admin', '--json'))).key;
}
