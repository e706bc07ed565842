// Builds what `npm start` runs, when any of its sources differ from those of the last build. No npm package is imported
// before that is known. One process of a checkout builds at a time; the others wait and find it done.
//
// Nx knows what is stale as well, but without its daemon it puts the outputs back from its cache each time: for a moment
// they are gone, under whoever is just starting them.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folders = {
  'control-plane': 'apps/control-plane',
  'sync-adapter': 'apps/sync-adapter',
  'provisioner': 'apps/provisioner',
  'bot-agent': 'apps/bot-agent',
  'launcher': 'tools/launcher',
  'llm-stand-in': 'tools/llm-stand-in',
};
const sources = ['apps', 'libs', 'tools', 'prisma', 'package-lock.json', 'nx.json', 'tsconfig.base.json', 'prisma.config.ts'];
/** Made, not written. */
const skipped = new Set(['node_modules', 'dist', 'dist-types', 'generated', 'coverage']);

/** One hash of all sources: names and contents. @param {string} folder the checkout */
export function fingerprintOf(folder, names = sources) {
  const hash = createHash('sha256');
  const add = (path) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) {
      for (const name of readdirSync(join(folder, path)).sort()) if (!skipped.has(name)) add(`${path}/${name}`);
    } else if (stat.isFile() && !path.endsWith('.tsbuildinfo')) {
      hash.update(`${path}\0${stat.size}\0`).update(readFileSync(join(folder, path)));
    }
  };
  for (const name of names) add(name);
  return hash.digest('hex');
}

/**
 * Runs `work` while no other process of this checkout installs or builds: two at once would take files away from under
 * each other. The holder touches the file every second; one that is not touched any more was killed.
 * @param {string} file @param {() => Promise<unknown>} work
 */
export async function alone(file, work, { staleAfterMs = 10_000, onWait = () => {} } = {}) {
  mkdirSync(dirname(file), { recursive: true });
  for (let told = false; !tryLock(file, staleAfterMs); ) {
    if (!told) onWait();
    told = true;
    await sleep(200);
  }
  const touching = setInterval(() => utimesSync(file, new Date(), new Date()), 1_000);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    rmSync(file, { force: true });
  }
}

function tryLock(file, staleAfterMs) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > staleAfterMs) rmSync(file, { force: true });
  return false;
}

export const lockFile = join(root, '.nx/start.lock');
const builtFile = join(root, '.nx/built.txt');

/** What tools/build.mjs makes of a project. */
function outputsOf(folder) {
  const { bundle } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const names = [...bundle.entries.map((entry) => `${basename(entry, '.ts')}.js`), ...(bundle.assets ?? []).map((asset) => basename(asset))];
  return names.map((name) => join(root, folder, 'dist', name));
}

/** Whether the last build was of these sources, and all of it is there. */
const isCurrent = (fingerprint) =>
  existsSync(builtFile) && readFileSync(builtFile, 'utf8') === fingerprint && Object.values(folders).flatMap(outputsOf).every((file) => existsSync(file));

/** Call it while holding the lock. `nx` runs the command line of Nx with these arguments. @param {(args: string[]) => Promise<unknown>} nx */
export async function buildIfStale(nx) {
  const fingerprint = fingerprintOf(root);
  if (isCurrent(fingerprint)) return false;
  // A build that is cut off leaves no claim to be current.
  rmSync(builtFile, { force: true });
  await nx([join(root, 'node_modules/.bin/nx'), 'run-many', '-t', 'build', '-p', Object.keys(folders).join(','), '--outputStyle=static']);
  writeFileSync(builtFile, fingerprint);
  return true;
}

function runNx(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' } });
    child.once('error', reject);
    child.once('exit', (code, signal) => (code === 0 ? resolve(undefined) : reject(new Error(`the build ended with ${code ?? signal}`))));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--help')) console.log('usage: node tools/build-services.mjs\nBuilds what npm start runs, when its sources changed.');
  else await alone(lockFile, () => buildIfStale(runNx));
}
