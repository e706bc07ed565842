// Which files import a given one, however indirectly, as the bundler sees it (types alone do not count).
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { npmPackagesStayOutside } from '../build.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** @param {string[]} files absolute @param {string} imported relative to the repository @returns {Promise<Set<string>>} */
export async function filesThatImport(files, imported) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: files,
    outdir: join(root, 'unused'),
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    conditions: ['@trawling/source'],
    logLevel: 'silent',
    plugins: [npmPackagesStayOutside()],
  });
  const importing = new Set(
    Object.values(metafile.outputs)
      .filter((output) => imported in output.inputs)
      .map((output) => output.entryPoint),
  );
  return new Set(files.filter((file) => importing.has(relative(root, file))));
}
