import { InstallationFile, readJson, writePrivately, type StateDir } from './state-dir.js';
import { DEFAULT_PORT_BASE, findFreeBase, reserveBlock, takenPort } from './ports.js';
import { type Terminal } from './terminal.js';

/**
 * What this state folder was made with, or what it is made with now. Throws a sentence on what to do when the
 * options or the environment ask for something else: bots know their addresses, and a queue cannot move.
 */
export async function readOrMakeInstallation(input: {
  state: StateDir;
  portBase: number | undefined;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
}): Promise<{ installation: InstallationFile; releasePorts: () => void }> {
  const { state, portBase, env, terminal } = input;
  const asked = {
    queue_backend: env['REDIS_URL'] ? ('redis' as const) : ('postgres' as const),
    database: env['DATABASE_URL'] ? ('external' as const) : ('embedded' as const),
  };
  const known = readJson(state.installation, InstallationFile);
  const advice = `use another --state-dir, or --fresh to start anew (deletes ${state.root})`;
  if (known) {
    if (portBase !== undefined && portBase !== known.port_base) {
      throw new Error(`This state folder was made with --port-base ${known.port_base}, which its bots know: leave the option out, ${advice}.`);
    }
    if (known.queue_backend !== asked.queue_backend) {
      const fix = known.queue_backend === 'redis' ? 'set REDIS_URL again' : 'unset REDIS_URL';
      throw new Error(`This state folder keeps its queue on ${known.queue_backend}: ${fix}, ${advice}.`);
    }
    if (known.database !== asked.database) {
      const fix = known.database === 'external' ? 'set DATABASE_URL again' : 'unset DATABASE_URL';
      throw new Error(`This state folder has an ${known.database} database: ${fix}, ${advice}.`);
    }
    // The block's other ports may be in use by what an earlier launcher left running.
    return { installation: known, releasePorts: await reserve(known.port_base) };
  }
  const { base, releasePorts } = await chooseBase(portBase, terminal);
  const installation = { port_base: base, ...asked };
  writePrivately(state.installation, `${JSON.stringify(installation, null, 2)}\n`);
  return { installation, releasePorts };
}

async function reserve(base: number): Promise<() => void> {
  const release = await reserveBlock(base);
  if (!release) throw new Error(`Ports ${base} to ${base + 99} are in use by another npm start: stop it, or give another --port-base with another --state-dir.`);
  return release;
}

async function chooseBase(asked: number | undefined, terminal: Terminal): Promise<{ base: number; releasePorts: () => void }> {
  if (asked !== undefined) {
    const taken = await takenPort(asked);
    if (taken !== null) throw new Error(`Port ${taken} is in use: give another --port-base.`);
    return { base: asked, releasePorts: await reserve(asked) };
  }
  for (let from = DEFAULT_PORT_BASE; ; ) {
    const base = await findFreeBase(from);
    const releasePorts = await reserveBlock(base);
    if (releasePorts && base !== DEFAULT_PORT_BASE) terminal.say(`Ports: ${base} to ${base + 99}, because ${DEFAULT_PORT_BASE} is in use`);
    if (releasePorts) return { base, releasePorts };
    from = base + 100; // another launcher was faster
  }
}
