import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { sha256Of } from '@trawling/domain';
import { LogLevel, runMain } from '@trawling/runtime';
import { Argument, Command, CommanderError } from 'commander';
import { version } from '../package.json';
import { compose } from './compose.js';
import { Env } from './env.js';
import { realHost } from './host.js';
import { addReportCommand } from './local/report-command.js';
import { tolerateBrokenPipe } from './local/tolerate-broken-pipe.js';
import { machinePaths } from './machine/machine-paths.js';
import { addMachineCommands } from './machine/machine-commands.js';
import { chooseBuild } from './update/agent-update.js';
import { JOBS, type JobName, runJob } from './jobs/run-job.js';

for (const output of [process.stdout, process.stderr]) tolerateBrokenPipe(output);

const program = new Command('bot-agent')
  .description('Runs beside an unmodified OpenClaw gateway: gets the bot’s config, applies it, reports.')
  .version(version, '--version');

program
  .command('run')
  .description('run the agent of one machine until SIGTERM')
  .requiredOption('--machine <file>', 'machine.json of this machine; state is kept beside it')
  .action(async ({ machine }: { machine: string }) => {
    const running = { file: __filename, sha256: sha256Of(await readFile(__filename)) };
    const build = await chooseBuild(realHost, machinePaths(dirname(resolve(machine))), running.sha256);
    if (build !== null) {
      createRequire(__filename)(build);
      return;
    }
    await runMain({
      name: 'bot-agent',
      version,
      help: '',
      Env,
      env: process.env,
      argv: [],
      compose: (env, { logger, fail }) => compose(env, { machineFile: machine, running, version, logger, fail, restart: () => void process.kill(process.pid, 'SIGTERM') }),
    });
  });

program
  .command('job')
  .description('run one job of OpenClaw’s scheduler and print its result as one JSON line')
  .addArgument(new Argument('<name>', 'which job').choices(JOBS))
  .requiredOption('--params <file>', 'trading-params.json')
  .option('--data-url <url>', 'base URL of the data-retrieval service')
  .action(async (job: JobName, options: { params: string; dataUrl?: string }) => {
    const { line, exitCode } = await runJob(realHost, { job, paramsFile: options.params, dataUrl: options.dataUrl ?? null });
    process.stdout.write(`${line}\n`);
    process.exitCode = exitCode;
  });

addMachineCommands(program, { logLevel: LogLevel.catch('info').parse(process.env['LOG_LEVEL']), listenFds: process.env['LISTEN_FDS'] });

addReportCommand(program, {
  host: realHost,
  readStdin: () => text(process.stdin),
  stdout: (line) => void process.stdout.write(line),
  stderr: (line) => void process.stderr.write(line),
  machineDir: process.env['BOT_MACHINE_DIR'] ?? __dirname,
  exit: (code) => {
    process.exitCode = code;
  },
});

program.parseAsync().catch((error: unknown) => {
  // Commander has said it already.
  if (!(error instanceof CommanderError)) throw error;
});
