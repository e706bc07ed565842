import { withReleasers, type Opened } from '@trawling/runtime';
import { adminCommand, initialise, readOrMakeApiKey, readOrMakePublisherKey } from './admin.js';
import { createControlPlaneClient, type ControlPlaneClient } from './control-plane-client.js';
import { openDatabase } from './database.js';
import { chooseLlm, type DemoLlm } from './demo-bot.js';
import { keepRunning, type KeptProcess } from './keep-running.js';
import { readOrMakeKeys } from './keys.js';
import { machineCommands, stopStrays } from './machines.js';
import { belongsTo, stateMarker } from './markers.js';
import { portsFrom, type Ports } from './ports.js';
import { openRecords } from './records.js';
import { environmentFor, planServices, runtimeCache, urlOf } from './services.js';
import { writePrivately, type InstallationFile, type StateDir } from './state-dir.js';
import { type Terminal } from './terminal.js';
import { throwIfStopped, type Bounds } from './wait.js';

/** Everything of one installation, running. */
export type Fleet = {
  ports: Ports;
  apiKey: string;
  controlPlane: ControlPlaneClient;
  llm: DemoLlm;
  urls: { control_plane_url: string; sync_adapter_url: string; provisioner_url: string };
};

export type FleetInput = {
  /** The checkout. */
  root: string;
  state: StateDir;
  installation: InstallationFile;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  bounds: Bounds;
};

/** Milliseconds a service may take to stop after SIGTERM. */
const SERVICE_PATIENCE_MS = 3_000;

/**
 * Brings up the database, the keys and the services, or takes over what still runs. `stop` ends all of it, machines
 * included, in about ten seconds; it also runs when something on the way up fails.
 */
export async function openFleet(input: FleetInput): Promise<Opened<Fleet>> {
  const { root, state, installation, env, terminal, bounds } = input;
  const ports = portsFrom(installation.port_base);
  const marker = stateMarker(state);
  const baseEnv = environmentFor(env);

  return withReleasers<Fleet>(async (onStop) => {
    onStop(() => stopStrays(belongsTo(state)), 'processes left over');
    const machines = machineCommands(root, { ...baseEnv, TRAWLING_STATE: state.root });
    const runtimeDir = runtimeCache(env);
    const given = new AbortController();
    const installing = machines.installRuntime({ cacheDir: runtimeDir, terminal, signal: AbortSignal.any([bounds.signal, given.signal]) });
    installing.catch(() => undefined); // looked at below; something else may fail before
    onStop(async () => {
      given.abort();
      await installing.catch(() => undefined);
    }, 'the installation of OpenClaw');
    const database = await openDatabase({ root, state, port: ports.postgres, externalUrl: env['DATABASE_URL'] || undefined, terminal });
    onStop(() => database.stop(), 'Postgres');
    throwIfStopped(bounds);

    terminal.say(queueLine(installation.queue_backend));
    const { masterKeys, rootKeyFile } = readOrMakeKeys(state);
    const admin = adminCommand(root, { ...baseEnv, DATABASE_URL: database.urlFor('trawling_control_plane'), MASTER_KEYS: masterKeys }, bounds.signal);
    const made = await initialise(admin, { root, rootKeyFile, queueBackend: installation.queue_backend });
    writePrivately(state.installationId, JSON.stringify(made));

    const records = openRecords(state.processes);
    const plans = planServices({
      root, state, ports, database, masterKeys,
      redisUrl: installation.queue_backend === 'redis' ? env['REDIS_URL'] : undefined,
      runtimeDir,
      logLevel: env['LOG_LEVEL'] || 'info',
      publisherKey: await readOrMakePublisherKey(admin, state, made),
    });
    const services: KeptProcess[] = [];
    const stop = (which: (name: string) => boolean): Promise<unknown> =>
      Promise.all(services.filter(({ name }) => which(name)).map((service) => service.stop(SERVICE_PATIENCE_MS)));
    // The control plane last: the others tell it that they are offline.
    onStop(() => stop((name) => name === 'control-plane'), 'control-plane');
    onStop(() => stop((name) => name !== 'control-plane'), 'services');
    onStop(async () => {
      // First the one that would bring machines back, then the machines, while bots can still report.
      await stop((name) => name === 'provisioner');
      await machines.stopAll({ machinesDir: state.machines, installationId: made.installation_id });
    }, 'machines');
    throwIfStopped(bounds);
    for (const plan of plans) services.push(await keepRunning(plan, { records, terminal, marker, baseEnv }));
    await Promise.all(services.map((service) => service.ready(bounds)));
    const adopted = services.filter((service) => service.adopted).map(({ name }) => name);
    terminal.say(adopted.length > 0 ? `Services: ready (still running: ${adopted.join(', ')})` : 'Services: ready');

    await installing;
    const urls = {
      control_plane_url: urlOf(ports.control_plane),
      sync_adapter_url: urlOf(ports.sync_adapter),
      provisioner_url: urlOf(ports.provisioner),
    };
    const apiKey = await readOrMakeApiKey(admin, state, urls.control_plane_url);
    const controlPlane = createControlPlaneClient({ url: urls.control_plane_url, apiKey });
    const llm = chooseLlm(env, urlOf(ports.llm_stand_in));
    return { ports, apiKey, controlPlane, llm, urls };
  });
}

function queueLine(backend: InstallationFile['queue_backend']): string {
  return backend === 'redis'
    ? 'Queue: BullMQ on Redis (REDIS_URL)'
    : 'Queue: BullMQ on Postgres. For Redis, as in production: apt-get install redis-server (or brew install redis), then set REDIS_URL on a fresh --state-dir';
}
