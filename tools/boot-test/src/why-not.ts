import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProgramFailed, runProgram } from './run-program.js';

const PROGRAMS = ['apt-get', 'chroot', 'dpkg-deb', 'find', 'flock', 'ip', 'mount', 'nsenter', 'openssl', 'unshare'];

/** In a mount namespace of its own, so that it leaves nothing. */
const TRY_CGROUP = `set -e
umount -R /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir /sys/fs/cgroup/trawling-boot-try-$$ && rmdir /sys/fs/cgroup/trawling-boot-try-$$`;

/** Why a machine cannot be booted on this computer, as a sentence; null when nothing speaks against it. */
export async function whyNot(computer: { platform: string; uid: number | undefined; path: string }): Promise<string | null> {
  if (computer.platform !== 'linux') return 'systemd needs Linux';
  if (computer.uid !== 0) return 'it takes root to make the namespaces of a machine: run it as root (sudo npm run test:boot)';
  const missing = PROGRAMS.filter((name) => !computer.path.split(delimiter).some((folder) => existsSync(join(folder, name))));
  if (missing.length > 0) return `a Debian or Ubuntu with ${missing.join(', ')} is needed`;
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun, which the network of a machine needs';
  for (const kind of ['overlay', 'cgroup2']) {
    if (!readFileSync('/proc/filesystems', 'utf8').includes(`\t${kind}\n`)) return `this kernel does not know ${kind}`;
  }
  try {
    await runProgram('unshare', ['--mount', '--net', '--pid', '--fork', 'bash', '-c', TRY_CGROUP]);
    return null;
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error;
    return `namespaces or a cgroup cannot be made here (${error.message.replaceAll('\n', ' ')})`;
  }
}
