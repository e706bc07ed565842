import { existsSync, realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLogger, LogLevel, systemClock } from '@trawling/runtime';
import { version } from '../package.json';
import { listMachines } from './local/list-machines.js';
import { ensureOpenclawRuntime } from './local/openclaw-runtime.js';
import { RuntimeUnavailable } from './local/runtime-unavailable.js';
import { stopMachines } from './local/stop-machines.js';
import { RESTART_TIMINGS } from './supervisor/keep-running.js';
import { runSupervisor } from './supervisor/run-supervisor.js';

const HELP = `The local machines: their supervisor, and what looks at them from outside

  supervisor.js run <machine dir>              run one machine until SIGTERM
  supervisor.js stop-all <machines dir>        end every machine; exit 1 when a process is left
    [--installation <id>]                      also processes of its machines whose folder is gone
  supervisor.js list <machines dir>            what is there and runs, as JSON
  supervisor.js install-runtime <cache dir>    install the pinned OpenClaw once; prints where it lies, as JSON
    [--manifest <dir>]                         folder of its package.json and package-lock.json
`;

const logger = createLogger({ name: 'supervisor', level: LogLevel.catch('info').parse(process.env['LOG_LEVEL']) });

const commands: Record<string, (folder: string, options: { installation?: string; manifest?: string }) => Promise<number>> = {
  async run(folder) {
    const stopping = new AbortController();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
    // The terminal it was started from may close.
    process.on('SIGHUP', () => undefined);
    const deps = { clock: systemClock, random: Math.random, logger, fetch, timings: RESTART_TIMINGS, environment: process.env };
    logger.info({ outcome: await runSupervisor(deps, realpathSync(folder), stopping.signal) }, 'supervisor ended');
    return 0;
  },
  async 'stop-all'(folder, { installation }) {
    const { stopped, left } = await stopMachines(systemClock, {
      machinesDir: folder,
      ...(installation === undefined ? {} : { installationId: installation }),
    });
    print({ stopped, left: left.map((one) => one.pid) });
    return left.length === 0 ? 0 : 1;
  },
  async list(folder) {
    print(await listMachines(folder, existsSync));
    return 0;
  },
  async 'install-runtime'(folder, { manifest }) {
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
    print(await ensureOpenclawRuntime({ cacheDir: folder, onProgress, ...(manifest === undefined ? {} : { manifestFolder: manifest }) }));
    return 0;
  },
};

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { help: { type: 'boolean' }, version: { type: 'boolean' }, installation: { type: 'string' }, manifest: { type: 'string' } },
  });
  const [name = '', folder] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (values.version) process.stdout.write(`${version}\n`);
  else if (values.help) process.stdout.write(HELP);
  else if (command && folder !== undefined) return command(folder, { ...values });
  else {
    process.stderr.write(HELP);
    return 64;
  }
  return 0;
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof RuntimeUnavailable) process.stderr.write(`${error.message}\n`);
    else logger.fatal({ err: error }, 'supervisor failed');
    process.exit(1);
  },
);
