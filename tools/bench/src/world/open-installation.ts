import { openDatabase, type Database } from '@trawling/database';
import { type OnStop } from '@trawling/runtime';
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type World } from './open-world.js';
import { type RunningServer } from './start-server.js';
import { importTools } from './tools.js';

const ROLES = ['trawling_control_plane', 'trawling_provisioner'] as const;
type Role = (typeof ROLES)[number];

export type Installation = {
  controlPlane: RunningServer;
  /** Of an administrator. */
  apiKey: string;
  makeApiKey: (name: string, role: string) => Promise<string>;
  db: Database;
  urlFor: (role: Role) => string;
};

/** An installation of its own on the same Postgres, with its control-plane as a process, as an operator sets it up. */
export async function openInstallation(onStop: OnStop, world: World): Promise<Installation> {
  const passwords = Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')]));
  const name = `installation_${randomBytes(4).toString('hex')}`;
  await world.db.pool.query(`CREATE DATABASE ${name}`);
  const urlFor = (role?: Role): string => {
    const url = new URL(world.postgres.url);
    url.pathname = `/${name}`;
    if (role) {
      url.username = role;
      url.password = passwords[role] ?? '';
    }
    return url.href;
  };
  const { deploy } = await importTools(world.root);
  await deploy({ databaseUrl: urlFor(), rolePasswords: passwords });
  const db = await openDatabase({ url: urlFor(), poolSize: 4 });
  onStop(() => db.close(), 'connections to the installation');

  const masterKeys = `bench:${randomBytes(32).toString('base64')}`;
  const admin = administration(world, { DATABASE_URL: urlFor(), MASTER_KEYS: masterKeys });
  await initialise(world, admin);
  const makeApiKey = async (keyName: string, role: string): Promise<string> =>
    z.looseObject({ key: z.string() }).parse(JSON.parse(await admin('create-api-key', '--name', keyName, '--role', role, '--json'))).key;
  const apiKey = await makeApiKey('bench', 'admin');
  const env = { LOG_LEVEL: 'info', DATABASE_URL: urlFor('trawling_control_plane'), MASTER_KEYS: masterKeys };
  const controlPlane = await world.startServer('control-plane', join(world.root, 'apps/control-plane/dist/main.js'), env);
  return { controlPlane, apiKey, makeApiKey, db, urlFor };
}

type Admin = (...args: string[]) => Promise<string>;

function administration(world: World, env: Record<string, string>): Admin {
  const script = join(world.root, 'apps/control-plane/dist/admin.js');
  return async (...args) => (await promisify(execFile)(world.node.path, [script, ...args], { env: { PATH: process.env['PATH'], ...env } })).stdout;
}

async function initialise(world: World, admin: Admin): Promise<void> {
  const rootKey = join(world.folder, `root-key-${randomBytes(4).toString('hex')}.json`);
  writeFileSync(rootKey, JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  const agent = join(world.folder, 'agent.js');
  writeFileSync(agent, '// no machine runs it here\n');
  await admin('init', '--root-key', rootKey, '--queue-backend', 'postgres', '--json');
  await admin('publish-agent', '--file', agent);
  await admin('publish-openclaw', '--lock', join(world.root, 'tools/openclaw-runtime/package-lock.json'));
}
