import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock, type Clock } from '@trawling/runtime';
import { z } from 'zod';
import { withLock } from '../processes/file-lock.js';
import { findOpenclawNode } from './find-openclaw-node.js';
import { npmCi } from './npm-ci.js';
import { readRuntimeManifest, type RuntimeManifest } from './runtime-manifest.js';
import { RuntimeUnavailable } from './runtime-unavailable.js';
import { watchInstall } from './watch-install.js';

/** What it takes to start OpenClaw; `node` and `openclawMjs` are absolute paths. */
export const OpenclawRuntime = z.object({ node: z.string(), openclawMjs: z.string(), version: z.string() });
export type OpenclawRuntime = z.infer<typeof OpenclawRuntime>;

export type EnsureRuntimeInput = {
  cacheDir: string;
  /** One line for people, every few seconds of a long installation. */
  onProgress?: (line: string) => void;
  signal?: AbortSignal;
  /** Where the pinned package.json and lock lie; found by itself in a checkout. */
  manifestFolder?: string;
  clock?: Clock;
  /** Instead of the npm found by itself. */
  npm?: string;
};

/** Written last, inside the folder that is renamed into place: where it is, the installation is whole. */
const RECEIPT = 'verified.json';
const MAX_WAIT_FOR_OTHERS_MS = 30 * 60_000;

/**
 * The pinned OpenClaw and its Node, installed once into `cacheDir`; the digest of the lock is in the folder's name,
 * so another pin is another folder. Of several processes one installs and the others wait. Killed at any point, the
 * next call begins again from npm's cache. Throws RuntimeUnavailable with one sentence on what to do.
 */
export async function ensureOpenclawRuntime(input: EnsureRuntimeInput): Promise<OpenclawRuntime> {
  const manifest = await readRuntimeManifest(input.manifestFolder ? { folder: input.manifestFolder } : {});
  const name = `openclaw-${manifest.openclawVersion}-${process.platform}-${process.arch}-${manifest.digest}`;
  const target = join(input.cacheDir, name);
  const present = await readReceipt(target);
  if (present) return present;

  await makeCacheFolder(input.cacheDir);
  const clock = input.clock ?? systemClock;
  const progress = input.onProgress ?? (() => undefined);
  return withLock(
    { clock },
    {
      folder: join(input.cacheDir, 'locks', name),
      waitMs: MAX_WAIT_FOR_OTHERS_MS,
      onWait: () => progress(`Waiting: another process is installing OpenClaw ${manifest.openclawVersion}`),
    },
    async () => (await readReceipt(target)) ?? (await install({ ...input, clock, progress, manifest, name, target })),
  );
}

type InstallInput = EnsureRuntimeInput & {
  clock: Clock;
  progress: (line: string) => void;
  manifest: RuntimeManifest;
  name: string;
  target: string;
};

async function install(input: InstallInput): Promise<OpenclawRuntime> {
  const { cacheDir, manifest, name, target, progress } = input;
  await removeLeftovers(cacheDir, name);
  const draft = await mkdtemp(join(cacheDir, `${name}.draft-`));
  const begun = input.clock.monotonicMs();
  progress(`Installing OpenClaw ${manifest.openclawVersion} and its Node into ${cacheDir} (once; about 770 MB)`);
  const watching = watchInstall({ folder: draft, clock: input.clock, onProgress: progress });
  try {
    for (const file of ['package.json', 'package-lock.json']) await copyFile(join(manifest.folder, file), join(draft, file));
    await npmCi({ folder: draft, ...(input.signal ? { signal: input.signal } : {}), ...(input.npm ? { npm: input.npm } : {}) });
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  } finally {
    await watching.stop();
  }
  const modules = join(draft, 'node_modules');
  const node = await findOpenclawNode({ modules, openclawVersion: manifest.openclawVersion });
  const openclawMjs = join(modules, 'openclaw', 'openclaw.mjs');
  await verify({ node, openclawMjs, version: manifest.openclawVersion });

  const inPlace = (path: string): string => path.replace(draft, target);
  const runtime = { node: inPlace(node), openclawMjs: inPlace(openclawMjs), version: manifest.openclawVersion };
  await writeFile(join(draft, RECEIPT), JSON.stringify(runtime));
  // Only a folder without a receipt can lie there: someone took files out of it.
  if (existsSync(target)) await rename(target, `${draft}.broken`);
  await rename(draft, target);
  await rm(`${draft}.broken`, { recursive: true, force: true });
  progress(`OpenClaw ${manifest.openclawVersion} is installed (${Math.round((input.clock.monotonicMs() - begun) / 1000)} s)`);
  return runtime;
}

async function verify(runtime: OpenclawRuntime): Promise<void> {
  const { stdout } = await promisify(execFile)(runtime.node, [runtime.openclawMjs, '--version'], { timeout: 120_000 });
  if (stdout.includes(runtime.version)) return;
  throw new RuntimeUnavailable(`The installed OpenClaw says it is "${stdout.trim()}" instead of ${runtime.version}: remove the cache folder and try again.`);
}

async function readReceipt(target: string): Promise<OpenclawRuntime | null> {
  try {
    const runtime = OpenclawRuntime.parse(JSON.parse(await readFile(join(target, RECEIPT), 'utf8')));
    return existsSync(runtime.node) && existsSync(runtime.openclawMjs) ? runtime : null;
  } catch {
    return null;
  }
}

async function makeCacheFolder(cacheDir: string): Promise<void> {
  try {
    await mkdir(cacheDir, { recursive: true });
  } catch (error) {
    throw new RuntimeUnavailable(`The folder ${cacheDir} for OpenClaw cannot be made: choose another with OPENCLAW_RUNTIME_DIR.`, { cause: error });
  }
}

/** Only under the lock: what a killed installer left. */
async function removeLeftovers(cacheDir: string, name: string): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    if (entry.startsWith(`${name}.draft-`)) await rm(join(cacheDir, entry), { recursive: true, force: true });
  }
}
