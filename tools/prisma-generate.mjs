// Writes the Prisma client into libs/database/src/generated. `npm run generate`, and run by nx before whatever needs it.
//
// `prisma generate` needs no schema engine, yet the Prisma 7 command line downloads one before every command.
// PRISMA_SCHEMA_ENGINE_BINARY naming any existing file skips that download, so this works offline and online alike.
// Set it only here: `prisma migrate diff` with a stand-in engine prints nothing and exits 0.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const thisFile = fileURLToPath(import.meta.url);
const root = join(dirname(thisFile), '..');

/** Runs `prisma generate`; returns its exit code. @param {string[]} extraArguments */
export function generatePrismaClient(extraArguments = [], stdio = /** @type {const} */ ('inherit')) {
  const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
  const result = spawnSync(process.execPath, [prisma, 'generate', '--no-hints', ...extraArguments], {
    cwd: root,
    stdio,
    env: {
      ...process.env,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
      PRISMA_SCHEMA_ENGINE_BINARY: thisFile,
    },
  });
  return result.status ?? 1;
}

if (process.argv[1] === thisFile) {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log('usage: node tools/prisma-generate.mjs [options of `prisma generate`]\nWrites libs/database/src/generated.');
  } else {
    process.exitCode = generatePrismaClient(args);
  }
}
