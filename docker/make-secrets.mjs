// Makes the secrets of a local installation, each service's into a volume of its own, and never changes one that is there.
//   node make-secrets.mjs <folder>     the volumes are mounted below it
// Losing the volumes `secrets-control-plane` and `secrets-setup` means losing the installation: they hold its keys.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const roles = /** @type {const} */ ({
  'control-plane': 'trawling_control_plane',
  'sync-adapter': 'trawling_sync_adapter',
  'provisioner': 'trawling_provisioner',
});

/** User `node` of the image; root's own volumes stay root's. */
const nodeUser = 1000;

/**
 * @param {{ folder: string, databaseHost?: string, owner?: number | null }} options `owner` null: files stay ours
 * @returns {Record<string, string[]>} names of the files by service
 */
export function makeSecrets({ folder, databaseHost = 'postgres:5432/trawling', owner = nodeUser }) {
  const setup = join(folder, 'setup');
  const once = (name, make) => readOrWrite(setup, name, make, owner);
  const databaseUrl = (user, password) => `postgresql://${user}:${password}@${databaseHost}`;

  const postgresPassword = once('postgres-password', password);
  const masterKeys = once('MASTER_KEYS', () => `local-1:${randomBytes(32).toString('base64')}`);
  once('root-key.json', () => JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })));
  once('DATABASE_URL', () => databaseUrl('postgres', postgresPassword));
  // The server's own image reads it as root before it becomes another user.
  readOrWrite(join(folder, 'postgres'), 'POSTGRES_PASSWORD', () => postgresPassword, null);

  for (const [service, role] of Object.entries(roles)) {
    const rolePassword = once(`${role.toUpperCase()}_PASSWORD`, password);
    readOrWrite(join(folder, service), 'DATABASE_URL', () => databaseUrl(role, rolePassword), owner);
  }
  readOrWrite(join(folder, 'control-plane'), 'MASTER_KEYS', () => masterKeys, owner);
  return Object.fromEntries(['setup', 'postgres', ...Object.keys(roles)].map((name) => [name, readdirSync(join(folder, name)).sort()]));
}

const password = () => randomBytes(24).toString('base64url');

/** Written whole or not at all: a half-written key would be worse than none. */
function readOrWrite(folder, name, make, owner) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  if (!existsSync(file)) {
    writeFileSync(`${file}.draft`, make(), { mode: 0o400 });
    if (owner !== null) chownSync(`${file}.draft`, owner, owner);
    renameSync(`${file}.draft`, file);
  }
  return readFileSync(file, 'utf8');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '/volumes/secrets', ...owned] = process.argv.slice(2);
  for (const [service, names] of Object.entries(makeSecrets({ folder }))) console.log(`${service}: ${names.join(', ')}`);
  // Named volumes belong to root until someone gives them away.
  for (const volume of owned) {
    chownSync(volume, nodeUser, nodeUser);
    chmodSync(volume, 0o700);
  }
}
