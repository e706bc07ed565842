// `npm run bench`: builds what is measured and what measures, then hands over to tools/bench. `-- --help` lists the options.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildProject } from './build.mjs';
import { generatePrismaClient } from './prisma-generate.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const schema of ['prisma/schema.prisma', 'tools/bench/prisma/schema.prisma']) {
  if (generatePrismaClient(['--schema', schema], 'pipe') !== 0) throw new Error(`prisma generate failed for ${schema}: run "node tools/prisma-generate.mjs --schema ${schema}"`);
}
for (const project of ['apps/sync-adapter', 'apps/control-plane', 'apps/provisioner', 'tools/bench']) await buildProject(join(root, project));
await import(pathToFileURL(join(root, 'tools/bench/dist/main.js')).href);
