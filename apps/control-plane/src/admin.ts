import { version } from '../package.json';
import { adminProgram } from './installation/admin-program.js';

const program = adminProgram({
  version,
  env: process.env,
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
});
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`admin: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
