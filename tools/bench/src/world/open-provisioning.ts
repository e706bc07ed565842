import { openDatabase, type Database } from '@trawling/database';
import { type FakeDigitalOcean, startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { type OnStop } from '@trawling/runtime';
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type World } from './open-world.js';
import { importTools } from './tools.js';

const ROLES = ['trawling_control_plane', 'trawling_provisioner'] as const;
const PROVISIONERS = 2;

export type Provisioning = { controlPlaneUrl: string; apiKey: string; db: Database; cloud: FakeDigitalOcean };

/**
 * An installation of its own on the same Postgres: control-plane and two provisioners as processes, and a DigitalOcean
 * that answers at once but keeps both of its rate windows.
 */
export async function openProvisioning(onStop: OnStop, world: World): Promise<Provisioning> {
  const cloud = await startFakeDigitalOcean();
  onStop(() => cloud.stop(), 'DigitalOcean');
  const passwords = Object.fromEntries(ROLES.map((role) => [role, randomBytes(24).toString('base64url')]));
  const name = `provisioning_${randomBytes(4).toString('hex')}`;
  await world.db.pool.query(`CREATE DATABASE ${name}`);
  const urlFor = (role?: (typeof ROLES)[number]): string => {
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
  const apiKey = await initialise(world, { DATABASE_URL: urlFor(), MASTER_KEYS: masterKeys });
  const app = (app: string): string => join(world.root, 'apps', app, 'dist/main.js');
  const env = { LOG_LEVEL: 'info' };
  const controlPlane = await world.startServer('control-plane', app('control-plane'), { ...env, DATABASE_URL: urlFor('trawling_control_plane'), MASTER_KEYS: masterKeys });
  for (let number = 1; number <= PROVISIONERS; number += 1) {
    await world.startServer(`provisioner-${number}`, app('provisioner'), {
      ...env,
      DATABASE_URL: urlFor('trawling_provisioner'),
      MACHINE_DRIVER: 'digitalocean',
      DIGITALOCEAN_TOKEN: 'dop_v1_bench',
      DIGITALOCEAN_API_URL: cloud.url,
      DIGITALOCEAN_IMAGE: 'debian-12-x64',
      SYNC_ADAPTER_URL: 'https://bots.example.com',
      OPENCLAW_MANIFEST_DIR: join(world.root, 'tools/openclaw-runtime'),
    });
  }
  return { controlPlaneUrl: controlPlane.url, apiKey, db, cloud };
}

async function initialise(world: World, env: Record<string, string>): Promise<string> {
  const rootKey = join(world.folder, 'root-key.json');
  writeFileSync(rootKey, JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  const agent = join(world.folder, 'agent.js');
  writeFileSync(agent, '// no machine runs it here\n');
  const script = join(world.root, 'apps/control-plane/dist/admin.js');
  const admin = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(world.node.path, [script, ...args], { env: { PATH: process.env['PATH'], ...env } })).stdout;
  await admin('init', '--root-key', rootKey, '--queue-backend', 'postgres', '--json');
  await admin('publish-agent', '--file', agent);
  await admin('publish-openclaw', '--lock', join(world.root, 'tools/openclaw-runtime/package-lock.json'));
  return z.looseObject({ key: z.string() }).parse(JSON.parse(await admin('create-api-key', '--name', 'bench', '--role', 'admin', '--json'))).key;
}
