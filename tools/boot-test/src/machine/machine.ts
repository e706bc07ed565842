import { type OnStop, systemClock } from '@trawling/runtime';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Image } from '../image/ensure-image.js';
import { runProgram } from '../run-program.js';
import { findInit } from './find-init.js';
import { startNetwork } from './start-network.js';
import { endCgroup, spawnWithOwnMounts } from './own-mounts.js';

/** A booted machine, seen from outside as root. */
export type Machine = {
  /** Runs a program in it, as root; rejects like runProgram. */
  exec: (args: readonly string[], timeoutMs?: number) => Promise<string>;
  /** A path of it as a path of this computer, until it reboots. */
  at: (path: string) => string;
  /** As its owner's operating system does it; resolves when the first process of the new boot runs. */
  reboot: () => Promise<void>;
  /** The socket that leads to its gateway. */
  gatewaySocket: string;
  /** Why its first process is gone; null while it runs. */
  ended: () => string | null;
};

export type MachineInput = {
  image: Image;
  scripts: string;
  /** Of this run: the machine's files, its console, its socket. */
  folder: string;
  /** Of its cgroup, and its own. */
  name: string;
  userData: string;
  instanceId: string;
  gatewayPort: number;
  /** Where the machine's way to the sync-adapter leads. */
  syncAdapterSocket: string;
  /** The bundled program that runs in its network. */
  networkProgram: string;
};

/** A reboot stops what runs first. */
const INIT_WITHIN_MS = 120_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Boots one as a cloud does; resolves as soon as its first process runs. */
export async function bootMachine(onStop: OnStop, input: MachineInput): Promise<Machine> {
  const { folder, name, scripts, image } = input;
  writeSeed(input);
  onStop(() => endCgroup(scripts, name), 'the processes of the machine');
  const network = await startNetwork(input);

  const nspawn = spawnWithOwnMounts([join(scripts, 'run-machine.sh'), image.programs, image.root, folder, name, network.namespace]);
  const console_ = createWriteStream(join(folder, 'console.log'));
  nspawn.stdout.pipe(console_, { end: false });
  nspawn.stderr.pipe(console_, { end: false });
  onStop(() => void console_.end(), 'console');
  const ended = (): string | null => {
    const how = nspawn.exitCode ?? nspawn.signalCode;
    return how === null ? null : `the machine ended with ${how}: see ${join(folder, 'console.log')}`;
  };

  const pid = nspawn.pid ?? 0;
  let init = await waitForInit({ pid, ended, not: null });
  const exec: Machine['exec'] = (args, timeoutMs = 30_000) => {
    const into = [`--target=${init}`, '--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--'];
    return runProgram('nsenter', [...into, ...args], { timeoutMs, env: { PATH, LC_ALL: 'C.UTF-8' } });
  };
  return {
    exec,
    at: (path) => join(`/proc/${init}/root`, path),
    async reboot() {
      await exec(['systemctl', 'reboot', '--no-block']);
      init = await waitForInit({ pid, ended, not: init });
    },
    gatewaySocket: network.gatewaySocket,
    ended,
  };
}

/** What a cloud hands a machine at its first boot; the folder becomes the machine's own layer above the image. */
function writeSeed({ folder, instanceId, userData }: MachineInput): void {
  const seed = join(folder, 'upper', 'var/lib/cloud/seed/nocloud');
  mkdirSync(seed, { recursive: true, mode: 0o755 });
  writeFileSync(join(seed, 'user-data'), userData, { mode: 0o600 });
  writeFileSync(join(seed, 'meta-data'), `instance-id: ${instanceId}\nlocal-hostname: droplet\n`);
  mkdirSync(join(folder, 'upper', 'etc'), { recursive: true, mode: 0o755 });
  // slirp4netns answers there with the names this computer knows.
  writeFileSync(join(folder, 'upper', 'etc/resolv.conf'), 'nameserver 10.0.2.3\n');
}

/** `not`: the first process of the boot before, which takes its time to end. */
async function waitForInit(nspawn: { pid: number; ended: () => string | null; not: number | null }): Promise<number> {
  for (const deadline = systemClock.monotonicMs() + INIT_WITHIN_MS; ; await systemClock.sleep(50)) {
    const init = findInit(nspawn.pid);
    if (init !== null && init !== nspawn.not) return init;
    const why = nspawn.ended() ?? (systemClock.monotonicMs() > deadline ? `the machine has no first process after ${INIT_WITHIN_MS} ms` : null);
    if (why !== null) throw new Error(why);
  }
}
