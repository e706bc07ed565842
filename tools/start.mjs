// `npm start`: from a fresh clone to a running fleet. Needs Node and npm, nothing else; has no dependencies itself.
// Installs packages, builds what is stale, then hands over to tools/launcher in this same process.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { alone, buildIfStale, lockFile } from './build-services.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const launcher = join(root, 'tools/launcher/dist/main.js');

/** Everything goes to stderr: stdout belongs to --json. */
const say = (text) => process.stderr.write(`${text}\n`);

class Hopeless extends Error {}

/** Some packages are ES modules that we load with require(): 20.19, 22.12 and everything from 23 on can do that. */
export function checkMachine({ version, platform }) {
  if (platform === 'win32') throw new Hopeless('The local machines need Linux or macOS: on Windows run npm start inside WSL 2.');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major >= 23 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return;
  throw new Hopeless(
    `Node 20.19 or newer is needed (of the 22 line 22.12 or newer, of the 21 line none); this is ${version}: get one from https://nodejs.org and run npm start again.`,
  );
}

/** Whether node_modules holds what package-lock.json asks for. File times say nothing after a checkout or a copy. */
export function packagesAreInstalled(folder) {
  const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).packages;
  if (!existsSync(join(folder, 'node_modules/.package-lock.json'))) return false;
  const installed = read('node_modules/.package-lock.json');
  return Object.entries(read('package-lock.json')).every(
    ([path, wanted]) =>
      !path.includes('node_modules/') || wanted.optional || wanted.devOptional || wanted.peer || wanted.link
        ? true
        : installed[path]?.version === wanted.version && existsSync(join(folder, path)),
  );
}

const environment = `Environment, all of it optional:
  DATABASE_URL                       your Postgres, as a user that may make roles; one installation per server
  REDIS_URL                          your Redis for the queue
  OPENAI_API_KEY, ANTHROPIC_API_KEY  the demo bot asks the real provider
  OPENCLAW_RUNTIME_DIR               where OpenClaw is installed once (default: a folder of your cache)
  LOG_LEVEL                          of the services (default: info)

For --json take npm's own lines off stdout: npm start --silent -- --once --json
`;

function usage() {
  const options = JSON.parse(readFileSync(join(root, 'tools/launcher/src/options.json'), 'utf8'));
  const rows = [...options, { flags: '--help', description: 'this text' }];
  const width = Math.max(...rows.map((row) => row.flags.length));
  const lines = rows.map(
    (row) => `  ${row.flags.padEnd(width)}  ${row.description}${row.default ? ` (default: ${row.default})` : ''}`,
  );
  return `Usage: npm start -- [options]\n\nBrings up the whole fleet on this machine, with a demo bot on the real OpenClaw.\n\n${lines.join('\n')}\n\n${environment}`;
}

/** --timeout bounds the whole of `--once`, installing and building included. Bad values are the launcher's to refuse. */
function timeLimitSeconds() {
  const args = process.argv.slice(2);
  const given = args.find((arg) => arg.startsWith('--timeout='))?.split('=')[1] ?? args[args.indexOf('--timeout') + 1];
  return args.includes('--once') && Number(given) > 0 ? Number(given) : 86_400;
}

/** Runs a program with its output on stderr. A line every ten seconds says that it is still at work. */
function run({ title, command, args, quietUntilFailure }) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const seconds = () => Math.round((performance.now() - startedAt) / 1000);
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NO_UPDATE_NOTIFIER: '1' },
    });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-20_000);
      if (!quietUntilFailure) process.stderr.write(chunk);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ticking = setInterval(() => say(`  ${title}: ${seconds()} s …`), 10_000);
    const stop = (signal) => child.kill(signal);
    const late = setTimeout(() => stop('SIGTERM'), Math.max(0, (timeLimitSeconds() - process.uptime()) * 1000));
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const done = () => {
      clearInterval(ticking);
      clearTimeout(late);
      process.off('SIGINT', stop).off('SIGTERM', stop);
    };
    child.once('error', (error) => (done(), reject(error)));
    child.once('exit', (code, signal) => {
      done();
      if (code === 0) return resolve(seconds());
      if (quietUntilFailure) process.stderr.write(output);
      reject(new Hopeless(signal ? `${title} was stopped (${signal}).` : `${title} failed with exit code ${code}: see the output above.`));
    });
  });
}

async function installPackages() {
  if (packagesAreInstalled(root)) return;
  say('Installing packages (npm ci, about 20 s) …');
  // npm says where it is itself when it started us; otherwise it has to be on the PATH.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await run({
      title: 'npm ci',
      command: npm?.endsWith('js') ? process.execPath : 'npm',
      args: npm?.endsWith('js') ? [npm, ...args] : args,
      quietUntilFailure: false,
    });
  } catch (error) {
    if (error.code === 'ENOENT') throw new Hopeless('npm was not found: install it (it comes with Node from https://nodejs.org) and run npm start again.');
    throw error instanceof Hopeless
      ? new Hopeless(`The packages could not be installed (${error.message}) Check that the npm registry can be reached, then run npm start again.`)
      : error;
  }
}

async function build() {
  const first = !existsSync(launcher);
  if (first) say('Building …');
  let seconds = 0;
  await buildIfStale(async (args) => {
    seconds = await run({ title: 'the build', command: process.execPath, args, quietUntilFailure: true });
  });
  if (first) say(`Built in ${seconds} s.`);
}

async function main() {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage());
    return;
  }
  checkMachine({ version: process.versions.node, platform: process.platform });
  const installAndBuild = async () => {
    await installPackages();
    await build();
  };
  await alone(lockFile, installAndBuild, { onWait: () => say('Another process installs or builds in this checkout: waiting for it …') });
  await import(pathToFileURL(launcher).href);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    say(error instanceof Hopeless ? error.message : String(error?.stack ?? error));
    if (process.argv.includes('--json')) {
      const versions = { node: process.versions.node, openclaw: null };
      console.log(JSON.stringify({ ok: false, bot_id: null, steps: [], versions, failed_step: 'bot_created', error: error.message }));
    }
    process.exitCode = 1;
  });
}
