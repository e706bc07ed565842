import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { ControlPlaneProblem, createControlPlaneClient } from './control-plane-client.js';
import { Stopped } from './wait.js';
import { InstallationIdFile, readJson, readOrMake, writePrivately, type StateDir } from './state-dir.js';

/** Runs the control plane's administration command; what it prints. Rejects with what it said. */
export type Admin = (...args: string[]) => Promise<string>;

export function adminCommand(root: string, env: Record<string, string>, signal: AbortSignal): Admin {
  const script = join(root, 'apps/control-plane/dist/admin.js');
  return (...args) =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, [script, ...args], { env, timeout: 60_000, signal }, (error, stdout, stderr) => {
        if (signal.aborted) reject(new Stopped());
        else if (error) reject(new Error(`control-plane admin ${args[0] ?? ''} failed: ${(stderr || stdout || error.message).trim()}`));
        else resolve(stdout.trim());
      });
    });
}

/** Makes the installation's row and keys, and publishes the agent's file and OpenClaw's lock; the installation's id. Doing it again changes nothing. */
export async function initialise(admin: Admin, input: { root: string; rootKeyFile: string; queueBackend: string }): Promise<InstallationId> {
  const made = await admin('init', '--root-key', input.rootKeyFile, '--queue-backend', input.queueBackend, '--json');
  await admin('publish-agent', '--file', join(input.root, 'apps/bot-agent/dist/main.js'));
  await admin('publish-openclaw', '--lock', join(input.root, 'tools/openclaw-runtime/package-lock.json'));
  return InstallationIdFile.parse(JSON.parse(made));
}

type InstallationId = z.infer<typeof InstallationIdFile>;

const ApiKey = z.looseObject({ key: z.string() });

const PublisherKey = z.object({ installation_id: z.uuid(), key: z.string() });

/** The key that the services publish with: made before they start, kept in the state folder, and made anew for another database. */
export async function readOrMakePublisherKey(admin: Admin, state: StateDir, { installation_id }: InstallationId): Promise<string> {
  const file = state.secret('publisher-key.json');
  const kept = readJson(file, PublisherKey);
  if (kept?.installation_id === installation_id) return kept.key;
  const { key } = ApiKey.parse(JSON.parse(await admin('create-api-key', '--name', 'npm-start-services', '--role', 'publisher', '--json')));
  writePrivately(file, JSON.stringify({ installation_id, key }));
  return key;
}

/** The launcher's own API key: kept in the state folder, made anew when the control plane does not know it. */
export async function readOrMakeApiKey(admin: Admin, state: StateDir, controlPlaneUrl: string): Promise<string> {
  const file = state.secret('api-key');
  const make = async (): Promise<string> => ApiKey.parse(JSON.parse(await admin('create-api-key', '--name', 'npm-start', '--role', 'admin', '--json'))).key;
  const kept = readOrMake(file, () => '');
  if (kept && (await works(controlPlaneUrl, kept))) return kept;
  const key = await make();
  writePrivately(file, key);
  return key;
}

async function works(url: string, apiKey: string): Promise<boolean> {
  try {
    await createControlPlaneClient({ url, apiKey }).listBots({ limit: '1' });
    return true;
  } catch (error) {
    if (error instanceof ControlPlaneProblem && error.problem.status === 401) return false;
    throw error;
  }
}
