import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Database } from './database.js';
import { type ProcessPlan } from './keep-running.js';
import { type Ports } from './ports.js';
import { type StateDir } from './state-dir.js';

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

/** OpenClaw (770 MB) is installed once per person and shared by all state folders; OPENCLAW_RUNTIME_DIR overrules. */
export function runtimeCache(env: NodeJS.ProcessEnv): string {
  const chosen = env['OPENCLAW_RUNTIME_DIR'];
  if (chosen) return chosen;
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(caches, 'trawling-traders', 'openclaw-runtime');
}

export type ServicesInput = {
  root: string;
  state: StateDir;
  ports: Ports;
  database: Database;
  masterKeys: string;
  redisUrl: string | undefined;
  runtimeDir: string;
  logLevel: string;
  /** With which the services publish their status to the control plane. */
  publisherKey: string;
};

/** So that half a minute shows what was killed. */
const PUBLISH_SECONDS = '10';

/** Every process of the installation but the database and the machines, each with its own Postgres role. */
export function planServices(input: ServicesInput): ProcessPlan[] {
  const { root, state, ports, database } = input;
  const queue: Record<string, string> = input.redisUrl === undefined ? {} : { REDIS_URL: input.redisUrl };
  const publishing = { OPENCLAW_BASE_URL: urlOf(ports.control_plane), OPENCLAW_API_KEY: input.publisherKey, OPENCLAW_PUBLISH_SECONDS: PUBLISH_SECONDS };
  const plan = (name: string, folder: string, port: number, readyPort: number, env: Record<string, string>): ProcessPlan => ({
    name,
    script: join(root, folder, 'dist/main.js'),
    env: { PORT: String(port), HOST: '127.0.0.1', LOG_LEVEL: input.logLevel, NODE_ENV: 'production', ...env },
    log: state.log(name),
    readyUrl: `${urlOf(readyPort)}/readyz`,
  });
  return [
    plan('llm-stand-in', 'tools/llm-stand-in', ports.llm_stand_in, ports.llm_stand_in, {}),
    plan('control-plane', 'apps/control-plane', ports.control_plane, ports.control_plane, {
      DATABASE_URL: database.urlFor('trawling_control_plane'),
      MASTER_KEYS: input.masterKeys,
      INTERNAL_PORT: String(ports.control_plane_internal),
      ...publishing,
      ...queue,
    }),
    plan('sync-adapter', 'apps/sync-adapter', ports.sync_adapter, ports.sync_adapter_internal, {
      DATABASE_URL: database.urlFor('trawling_sync_adapter'),
      INTERNAL_PORT: String(ports.sync_adapter_internal),
      ...publishing,
    }),
    plan('provisioner', 'apps/provisioner', ports.provisioner, ports.provisioner, {
      DATABASE_URL: database.urlFor('trawling_provisioner'),
      MACHINE_DRIVER: 'local',
      LOCAL_MACHINES_DIR: state.machines,
      OPENCLAW_RUNTIME_DIR: input.runtimeDir,
      SYNC_ADAPTER_URL: urlOf(ports.sync_adapter),
      GATEWAY_PORT_BASE: String(ports.gateway_base),
      SWEEP_SECONDS: '2',
      ...publishing,
      ...queue,
    }),
  ];
}

/** Of the caller's environment only what programs need to run and to reach a package registry: no keys, no ports. */
const PASSED_ON =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|XDG_.*|(?:https?|no|all)_proxy|(?:HTTPS?|NO|ALL)_PROXY|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR)|npm_config_(?:registry|userconfig|globalconfig|cache|cafile|strict_ssl|proxy|https_proxy|noproxy|nodedir))$/;

export function environmentFor(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value !== undefined && PASSED_ON.test(name) ? [[name, value]] : [])));
}
