// Bundles one project with esbuild: src/<entry>.ts → dist/<entry>.js. Run in the project's folder, or give the folder.
//
// Its package.json says what: "bundle": { "entries": ["src/main.ts"], "external": true }
//   assets           files that lie beside the bundles, as they are
//   external true    npm packages stay in node_modules, workspace libraries are inlined
//   external false   one self-contained file
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @param {string} projectFolder @returns {Promise<string[]>} the bundles written */
export async function buildProject(projectFolder) {
  const { bundle } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8'));
  if (!bundle) throw new Error(`${join(projectFolder, 'package.json')} has no "bundle"`);
  const { outputFiles } = await build({
    write: false,
    absWorkingDir: projectFolder,
    entryPoints: bundle.entries,
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@trawling/source'],
    sourcemap: true,
    loader: { '.sh': 'text' },
    logLevel: 'warning',
    plugins: bundle.external ? [npmPackagesStayOutside()] : [samePackageOnce(projectFolder)],
  });
  mkdirSync(join(projectFolder, 'dist'), { recursive: true });
  for (const { path, contents } of outputFiles) replaceFile(path, contents);
  for (const asset of bundle.assets ?? []) replaceFile(join(projectFolder, 'dist', basename(asset)), readFileSync(join(projectFolder, asset)));
  return bundle.entries.map((entry) => join(projectFolder, 'dist', `${basename(entry, '.ts')}.js`));
}

/** Whoever starts the file meanwhile gets the old or the new one, never half of it. */
function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  const unfinished = `${path}.${process.pid}.tmp`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}

/** Workspace libraries are TypeScript and come in; so do packages without a CommonJS form: requiring those warns on Node 20. */
export function npmPackagesStayOutside() {
  return {
    name: 'npm-packages-stay-outside',
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) => {
        if (kind === 'entry-point' || path.startsWith('@trawling/') || path.startsWith('node:')) return undefined;
        if (isInsidePackage(importer) || isEsModuleOnly(path, importer)) return undefined;
        return { path, external: true };
      });
    },
  };
}

/** npm puts a package that several projects name into the folder of each; of one version the bundle takes the project's own copy. */
function samePackageOnce(projectFolder) {
  return {
    name: 'same-package-once',
    setup({ onResolve, resolve: find }) {
      onResolve({ filter: /^[^./]/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        if (pluginData === samePackageOnce || kind === 'entry-point' || isInsidePackage(importer) || path.startsWith('@trawling/')) return undefined;
        const own = await find(path, { kind, importer, resolveDir: projectFolder, pluginData: samePackageOnce });
        const named = await find(path, { kind, importer, resolveDir, pluginData: samePackageOnce });
        return own.errors.length === 0 && versionOf(own.path) === versionOf(named.path) ? own : named;
      });
    },
  };
}

/** Of the package that a file is in; null outside of packages. */
function versionOf(file) {
  const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
  return folder === undefined ? null : JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

/** What an inlined package imports is looked at like the package itself, but from there. */
const isInsidePackage = (file) => file.includes('/node_modules/');

function isEsModuleOnly(specifier, importer) {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const manifest = findManifest(name, importer);
  if (!manifest) return false;
  const { type, exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  return type === 'module' && !/"(require|default)":"[^"]*\.cjs"|"require":/.test(JSON.stringify(exports ?? {}));
}

function findManifest(name, importer) {
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    const manifest = join(folder, 'node_modules', name, 'package.json');
    if (existsSync(manifest)) return manifest;
    if (folder === parse(folder).root) return null;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = '.'] = process.argv.slice(2);
  if (folder === '--help') {
    console.log('usage: node tools/build.mjs [<project folder>]\nBundles the entries named in its package.json ("bundle") into dist/.');
  } else {
    for (const file of await buildProject(resolve(folder))) console.log(file);
  }
}
