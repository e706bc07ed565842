import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../run-program.js';

/** What a cloud's Debian has and the scripts of ours may use. */
const PACKAGES = [
  'ca-certificates', 'cloud-init', 'curl', 'dbus', 'iproute2', 'nftables', 'openssl', 'procps', 'sudo', 'systemd', 'systemd-sysv', 'systemd-timesyncd', 'udev', 'xz-utils',
];
const PROGRAMS = ['debian-archive-keyring', 'debootstrap', 'slirp4netns', 'systemd-container'];

export type Image = {
  /** The root of a machine before its first boot. */
  root: string;
  /** Below it lie the programs that boot one. */
  programs: string;
};

export type ImageInput = { cache: string; scripts: string; suite: string; mirror: string; rebuild: boolean; say: (line: string) => void };

/** Builds image and programs unless the cache has those of the same recipe. Of several runs one builds and the others wait. */
export async function ensureImage(input: ImageInput): Promise<Image> {
  const { cache, scripts, say } = input;
  const read = (name: string): string => readFileSync(join(scripts, name), 'utf8');
  const programs = join(cache, `programs-${digest(PROGRAMS, read('fetch-programs.sh'))}`);
  const root = join(cache, `image-${input.suite}-${process.arch}-${digest(PACKAGES, read('build-image.sh'), input.mirror)}`);
  mkdirSync(cache, { recursive: true, mode: 0o755 });

  const fetchPrograms = ['bash', join(scripts, 'fetch-programs.sh'), programs, ...PROGRAMS];
  await once({ folder: programs, rebuild: false, title: 'Fetching the programs that boot a machine (once) …', say }, fetchPrograms);
  const buildImage = ['bash', join(scripts, 'build-image.sh'), join(programs, 'root'), root, input.suite, input.mirror, ...PACKAGES];
  const title = `Building the image of a machine: Debian ${input.suite} (once, about a minute) …`;
  await once({ folder: root, rebuild: input.rebuild, title, say }, ['unshare', '--mount', '--pid', '--fork', '--mount-proc', ...buildImage]);
  return { root, programs: join(programs, 'root') };
}

/** A receipt beside the folder, which the script writes last and looks for first, says that it is whole. */
async function once(input: { folder: string; rebuild: boolean; title: string; say: (line: string) => void }, command: string[]): Promise<void> {
  const receipt = `${input.folder}.done`;
  if (input.rebuild) rmSync(receipt, { force: true });
  if (existsSync(receipt)) return;
  input.say(input.title);
  await runProgram('flock', [`${input.folder}.lock`, ...command], { timeoutMs: 1_200_000 });
}

const digest = (...parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
