import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { forceStop } from './force-stop.js';
import { parseOptions } from './options.js';
import { dev, once } from './run.js';
import { failedReport, type OnceReport } from './run-once.js';
import { watchSignals } from './signals.js';
import { removeStateDir, type StateDir } from './state-dir.js';
import { createTerminal } from './terminal.js';
import { Stopped } from './wait.js';

/** dist/main.js of tools/launcher, three folders below the checkout. */
const root = resolve(__dirname, '..', '..', '..');

/** Milliseconds after Ctrl-C at which whatever is left is killed: all is over within 15 s. */
const FORCE_AFTER_MS = 13_000;

const printJson = (report: OnceReport): void => void process.stdout.write(`${JSON.stringify(report)}\n`);

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const { env } = process;
  const terminal = createTerminal({ toStderr: options.json });
  // A terminal that was closed must not keep us from stopping what runs.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  // npm runs scripts in the checkout; a relative folder is meant from where the person is.
  const caller = env['npm_lifecycle_event'] === 'start' ? (env['INIT_CWD'] ?? process.cwd()) : process.cwd();
  const temporary = options.once && options.stateDir === undefined;
  const stateDir = temporary ? mkdtempSync(join(tmpdir(), 'trawling-once-')) : resolve(caller, options.stateDir ?? join(root, '.state'));

  let state: StateDir | null = null;
  const force = (): void => {
    terminal.say('Took too long, or was asked for twice: the rest is killed.');
    if (state) forceStop(state);
    if (options.json) printJson(failedReport('killed: stopping took too long, or was asked for twice'));
    process.exit(130);
  };
  const request = watchSignals({
    onFirst: () => {
      terminal.say('\nStopping (again: kill at once) …');
      setTimeout(force, FORCE_AFTER_MS).unref();
    },
    onForce: force,
    onOrphaned: () => {
      if (options.once) return request.stop();
      // The next start takes over what runs.
      process.exit(1);
    },
  });
  // A mistake of ours must not leave the walk's processes behind either.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      terminal.say(`Unexpected: ${error instanceof Error ? error.stack : String(error)}`);
      request.stop();
    });
  }
  const input = { options, root, stateDir, env, terminal, signal: request.signal, onState: (s: StateDir) => void (state = s) };

  if (!options.once) {
    try {
      await dev(input);
      return 0;
    } catch (error) {
      if (error instanceof Stopped) return 0;
      throw error;
    }
  }

  const report = await once(input);
  if (options.json) printJson(report);
  if (report.ok && temporary) removeStateDir(stateDir);
  terminal.say(
    report.ok
      ? `All ${report.steps.length} steps happened.`
      : `Failed at ${report.failed_step ?? 'the end'}: ${report.error ?? 'no reason'}\nLogs and state: ${stateDir}`,
  );
  if (request.signal.aborted) return 130;
  return report.ok ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
