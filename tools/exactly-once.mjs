// `npm run test:exactly-once`: builds the test, then hands over to tools/exactly-once. `-- --help` lists the options.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildProject } from './build.mjs';
import { generatePrismaClient } from './prisma-generate.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (generatePrismaClient([], 'pipe') !== 0) throw new Error('prisma generate failed: run "node tools/prisma-generate.mjs"');
await buildProject(join(root, 'tools/exactly-once'));
await import(pathToFileURL(join(root, 'tools/exactly-once/dist/main.js')).href);
