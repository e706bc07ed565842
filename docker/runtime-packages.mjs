// Writes dist/package.json and dist/package-lock.json of an app: what its bundle needs at run time, cut out of the
// workspace's lock, so that an image has the very versions that were tested and nothing that only builds.
//   node docker/runtime-packages.mjs apps/sync-adapter
// Not `npm ci --omit=dev -w`: that brings the Prisma CLI, an optional peer of its client, and with it 300 MB.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * @param {string} project folder of the app, relative to the workspace @param {any} lock the workspace's lock
 * @returns {{ manifest: object, lock: object }}
 */
export function runtimePackages(project, lock) {
  const { name, version, bundle } = readJson(join(root, project, 'package.json'));
  const direct = bundle.external ? thirdPartyOf(project, lock) : {};
  const packages = {};
  for (const dependency of Object.keys(direct)) addPackage(find(dependency, direct[dependency].from, lock), lock, packages);
  const dependencies = Object.fromEntries(Object.entries(direct).sort().map(([key, value]) => [key, value.version]));
  const manifest = { name, version, private: true, dependencies };
  return { manifest, lock: { name, version, lockfileVersion: 3, requires: true, packages: { '': manifest, ...packages } } };
}

/** What the workspace's lock says about who wanted a package; here everyone is wanted. */
const buildMarks = new Set(['dev', 'devOptional', 'peer']);

/** Dependencies of the app and of the workspace libraries in its bundle, with the place they are resolved from. */
function thirdPartyOf(project, lock, seen = new Set()) {
  if (seen.has(project)) return {};
  seen.add(project);
  const found = {};
  for (const [name, version] of Object.entries(lock.packages[project].dependencies ?? {})) {
    const link = lock.packages[`node_modules/${name}`];
    if (link?.link) Object.assign(found, thirdPartyOf(link.resolved, lock, seen));
    else found[name] = { version, from: project };
  }
  return found;
}

/** Node's own way: the nearest node_modules on the way up. Null for an optional package that is not there. */
function find(name, from, lock) {
  for (let folder = from; ; folder = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/')) : '') {
    const place = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (lock.packages[place]) return place;
    if (folder === '') return null;
  }
}

function addPackage(place, lock, packages) {
  if (place === null) return;
  // What lies in a workspace's own node_modules moves to the top of the image's.
  const target = place.slice(place.indexOf('node_modules/'));
  const entry = Object.fromEntries(Object.entries(lock.packages[place]).filter(([key]) => !buildMarks.has(key)));
  if (packages[target]) {
    if (packages[target].version === entry.version) return;
    throw new Error(`${target} is needed in versions ${packages[target].version} and ${entry.version}`);
  }
  packages[target] = entry;
  const optionalPeers = entry.peerDependenciesMeta ?? {};
  const peers = Object.keys(entry.peerDependencies ?? {}).filter((name) => !optionalPeers[name]?.optional);
  for (const name of [...Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }), ...peers]) {
    addPackage(find(name, place, lock), lock, packages);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const project = process.argv[2] ?? '';
  const dist = join(root, project, 'dist');
  if (!existsSync(dist)) throw new Error(`build ${project || 'the app'} first: there is no ${dist}`);
  const { manifest, lock } = runtimePackages(project, readJson(join(root, 'package-lock.json')));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(dist, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`${project}: ${Object.keys(lock.packages).length - 1} packages at run time`);
}
