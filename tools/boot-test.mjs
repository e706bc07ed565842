// `npm run test:boot`: builds what runs and what looks, then hands over to tools/boot-test. `-- --help` lists the options.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
execFileSync(process.execPath, [join(root, 'tools/build-services.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
const { buildProject } = await import('./build.mjs');
await buildProject(join(root, 'tools/boot-test'));
await import(pathToFileURL(join(root, 'tools/boot-test/dist/main.js')).href);
