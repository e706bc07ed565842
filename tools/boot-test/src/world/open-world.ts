import { createControlPlaneClient, type ControlPlaneClient } from '@trawling/launcher';
import { type OnStop } from '@trawling/runtime';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { SYNC_ADAPTER_ADDRESS } from '../machine/start-network.js';
import { runProgram } from '../run-program.js';
import { freePort } from './free-port.js';
import { openPostgres } from './open-postgres.js';
import { openTlsFront } from './open-tls-front.js';
import { startService } from './start-service.js';

const ROLES = ['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'];

/** Everything of the installation but the machines and what makes them. */
export type World = {
  api: ControlPlaneClient;
  databaseUrlFor: (role: string) => string;
  /** As machines reach the sync-adapter. */
  syncAdapterUrl: string;
  /** Where that address has to lead. */
  syncAdapterSocket: string;
  /** PEM of what the sync-adapter's certificate is signed with. */
  certificateFile: string;
};

/** Control-plane, sync-adapter and Postgres as processes on this computer, TLS before what machines reach. */
export async function openWorld(onStop: OnStop, input: { checkout: string; folder: string }): Promise<World> {
  const { checkout, folder } = input;
  const passwords = Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')]));
  const postgres = await openPostgres(onStop, { checkout, folder, passwords });
  const masterKeys = `boot-1:${randomBytes(32).toString('base64')}`;
  const apiKey = await initialise({ checkout, folder, databaseUrl: postgres.url, masterKeys });

  const [controlPlanePort, syncAdapterPort, internalPort] = [await freePort(), await freePort(), await freePort()];
  const service = (name: string, readyPort: number, env: Record<string, string>): Promise<void> =>
    startService(onStop, {
      name,
      script: join(checkout, 'apps', name, 'dist/main.js'),
      env: { LOG_LEVEL: 'info', ...env },
      logFile: join(folder, `${name}.log`),
      readyUrl: `http://127.0.0.1:${readyPort}/readyz`,
    });
  await Promise.all([
    service('control-plane', controlPlanePort, { PORT: String(controlPlanePort), INTERNAL_PORT: '0', DATABASE_URL: postgres.urlFor('trawling_control_plane'), MASTER_KEYS: masterKeys }),
    service('sync-adapter', internalPort, { PORT: String(syncAdapterPort), INTERNAL_PORT: String(internalPort), DATABASE_URL: postgres.urlFor('trawling_sync_adapter') }),
  ]);
  const front = await openTlsFront(onStop, { folder, address: SYNC_ADAPTER_ADDRESS, targetPort: syncAdapterPort });
  return {
    api: createControlPlaneClient({ url: `http://127.0.0.1:${controlPlanePort}`, apiKey }),
    databaseUrlFor: (role) => postgres.urlFor(role),
    syncAdapterUrl: `https://${SYNC_ADAPTER_ADDRESS}`,
    syncAdapterSocket: front.socket,
    certificateFile: front.certificateFile,
  };
}

async function initialise(input: { checkout: string; folder: string; databaseUrl: string; masterKeys: string }): Promise<string> {
  const rootKey = join(input.folder, 'root-key.json');
  writeFileSync(rootKey, JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  const env = { PATH: process.env['PATH'], DATABASE_URL: input.databaseUrl, MASTER_KEYS: input.masterKeys };
  const admin = (...args: string[]): Promise<string> => runProgram(process.execPath, [join(input.checkout, 'apps/control-plane/dist/admin.js'), ...args], { env });
  await admin('init', '--root-key', rootKey, '--queue-backend', 'postgres', '--json');
  await admin('publish-agent', '--file', join(input.checkout, 'apps/bot-agent/dist/main.js'));
  await admin('publish-openclaw', '--lock', join(input.checkout, 'tools/openclaw-runtime/package-lock.json'));
  return z.looseObject({ key: z.string() }).parse(JSON.parse(await admin('create-api-key', '--name', 'boot-test', '--role', 'admin', '--json'))).key;
}
