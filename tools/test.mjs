// `npm test`: lint with boundaries, type check, unit, integration, end to end. Ends with `N passed, N failed, N skipped`.
// Lint and type check count as one check each. Exit code 0 only when something ran and nothing failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packagesAreInstalled } from './start.mjs';
import { filesThatImport } from './testing/files-that-import.mjs';
import { runCommand } from './testing/run-command.mjs';
import { checkTally, emptyTally, exitCode, jestTally, sum, tallyLine } from './testing/tally.mjs';

const help = `usage: npm test [-- options]
  --unit      the fast subset: lint, type check and the specs that need neither Postgres nor OpenClaw
  --no-e2e    everything but what runs the real OpenClaw
  --help      this text

Uses TEST_POSTGRES_URL when set (a superuser's), else an embedded Postgres; Redis when redis-server is on the PATH.`;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const minutes = (count) => count * 60_000;
const say = (line) => console.log(`\n▸ ${line}`);
/** No daemon and no cloud: nothing may outlive the run. */
const nxEnv = { NX_DAEMON: 'false', NX_TUI: 'false', NX_NO_CLOUD: 'true' };

const toolFolders = ['database', 'jest', 'postgres', 'testing'];

/** Specs that run a real OpenClaw gateway: 0.8 GB each, and they wait more than they work. After the others. */
const withOpenclaw = [`^${literally(join(root, 'e2e'))}/`, '\\.openclaw\\.spec\\.ts$'];
/** Whatever imports this, however indirectly, needs Postgres. */
const testDatabase = 'libs/database/src/testing/create-test-database.ts';

async function installPackages() {
  if (packagesAreInstalled(root)) return true;
  say('installing packages (npm ci)');
  return (await command('npm', ['ci', '--no-audit', '--no-fund'], minutes(10))).ok;
}

/** Runs a program; says why when it fails. */
async function command(program, args, timeLimitMs, options = {}) {
  const result = await runCommand({ command: program, args, cwd: root, timeLimitMs, ...options });
  if (!result.ok) {
    if (result.output) console.log(result.output);
    console.log(`✗ ${program.split('/').at(-1)} ${args.slice(0, 4).join(' ')}: ${result.reason}`);
  }
  return result;
}

async function check(title, steps) {
  say(title);
  for (const [program, args, env] of steps) {
    const { ok } = await command(program, args, minutes(10), { env, quiet: true });
    if (!ok) return checkTally(false);
  }
  console.log('✓ nothing found');
  return checkTally(true);
}

const lint = () =>
  check('lint, with import boundaries', [
    [bin('nx'), ['run-many', '-t', 'lint', '--outputStyle=static'], nxEnv],
    // What belongs to no project.
    [bin('eslint'), ['tools/*.mjs', ...toolFolders.map((folder) => `tools/${folder}/*.mjs`), '*.mjs', '*.ts'], {}],
  ]);

const typecheck = () => check('type check', [[bin('nx'), ['run-many', '-t', 'typecheck', '--outputStyle=static'], nxEnv]]);

/** @param {string[]} args what to run @returns {Promise<import('./testing/tally.mjs').Tally>} */
async function jest(title, args, { timeLimitMs, env = {} }) {
  say(title);
  const folder = mkdtempSync(join(tmpdir(), 'trawling-jest-'));
  const file = join(folder, 'results.json');
  try {
    // Forced to exit: whatever a spec leaves open has been counted as its failure by then.
    const common = ['--forceExit', '--json', `--outputFile=${file}`];
    const { ok } = await command(bin('jest'), [...common, ...args], timeLimitMs, { env });
    if (!existsSync(file)) return { ...emptyTally(), failed: 1 };
    const tally = jestTally(JSON.parse(readFileSync(file, 'utf8')));
    return ok || tally.failed > 0 ? tally : { ...tally, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A pattern that matches just this text. */
function literally(text) {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

const ignoring = (patterns) => patterns.map((pattern) => `--testPathIgnorePatterns=${pattern}`);

/** Those that need neither Postgres nor OpenClaw are what is left. */
async function patternsOfSlowSpecs() {
  const { stdout } = spawnSync(bin('jest'), ['--listTests', ...ignoring(withOpenclaw)], { cwd: root, encoding: 'utf8' });
  const specs = stdout.split('\n').filter((line) => line.endsWith('.spec.ts'));
  const needPostgres = await filesThatImport(specs, testDatabase);
  return [...withOpenclaw, ...[...needPostgres].map((file) => `^${literally(file)}$`)];
}

async function run({ unit, e2e }) {
  if (!(await installPackages())) return { ...emptyTally(), failed: 1 };
  say('generating the Prisma client');
  const generated = await command(process.execPath, ['tools/prisma-generate.mjs'], minutes(2), { quiet: true });
  if (!generated.ok) return { ...emptyTally(), failed: 1 };

  const tallies = [await lint(), await typecheck()];
  if (unit) {
    const options = { timeLimitMs: minutes(10), env: { TRAWLING_WITHOUT_POSTGRES: '1' } };
    tallies.push(await jest('unit tests', ['--maxWorkers=2', ...ignoring(await patternsOfSlowSpecs())], options));
    return sum(tallies);
  }
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    console.log('\nNo redis-server on PATH: the Redis half of the queue tests is skipped (apt-get install redis-server).');
  }
  tallies.push(await jest('unit and integration tests', ['--maxWorkers=2', ...ignoring(withOpenclaw)], { timeLimitMs: minutes(20) }));
  if (e2e) {
    const args = ['--maxWorkers=2', ...withOpenclaw.map((pattern) => `--testPathPatterns=${pattern}`)];
    tallies.push(await jest('the real OpenClaw, end to end', args, { timeLimitMs: minutes(40) }));
  }
  return sum(tallies);
}

async function main() {
  const { values } = parseArgs({
    options: { help: { type: 'boolean' }, unit: { type: 'boolean', default: false }, 'no-e2e': { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const tally = await run({ unit: values.unit, e2e: !values['no-e2e'] });
  console.log(`\n${tallyLine(tally)}`);
  process.exitCode = exitCode(tally);
}

await main();
