import { join } from 'node:path';
import { DomainError, MACHINE_FILES, type LocalReport } from '@trawling/contracts';
import { type Command, type CommanderError, InvalidArgumentError } from 'commander';
import { type Host } from '../host.js';
import { readLocalReports } from './read-local-reports.js';
import { EXIT, sendLocalReports } from './send-local-reports.js';

export interface ReportCommandIo {
  host: Pick<Host, 'readText'>;
  /** All of stdin. */
  readStdin(): Promise<string>;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Where the machine's files are when no option says it. */
  machineDir: string;
  exit(code: number): void;
}

const HELP = `
A report is spooled on this machine's disk when the command succeeds, and sent when there is a network.
Exit codes: 0 accepted, 1 refused, 2 the report or the command line is wrong, 75 not now: try again.
`;

/** \`report …\`: what skills and command jobs tell the agent of their machine. */
export function addReportCommand(program: Command, io: ReportCommandIo): void {
  const send = async (command: Command, body: unknown) => {
    const machineDir = command.optsWithGlobals<{ machineDir?: string }>().machineDir ?? io.machineDir;
    const outcome = await check(body, () => sendLocalReports(io.host, { addressFile: join(machineDir, MACHINE_FILES.localReports), body }));
    if (outcome.exitCode === EXIT.accepted) io.stdout(`${outcome.text}\n`);
    else io.stderr(`report: ${outcome.text}\n`);
    io.exit(outcome.exitCode);
  };

  const report = program
    .command('report')
    .description('tell the agent of this machine of a trade, the account, a note or a number')
    .option('--json <file>', 'a report or a list of up to 100 as JSON; - reads stdin')
    .option('--machine-dir <dir>', 'folder of machine.json (default: $BOT_MACHINE_DIR, else the folder of this program)')
    .addHelpText('after', HELP)
    .exitOverride(onlyUsageErrors(io))
    .configureOutput({ writeOut: io.stdout, writeErr: io.stderr })
    .action(async (options: { json?: string }, command: Command) => {
      if (options.json === undefined) return command.help({ error: true });
      let body: unknown;
      try {
        body = parseJson(await readReports(io, options.json));
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error;
        return command.error(`error: ${options.json}: ${error.message}`);
      }
      await send(command, body);
    });

  report
    .command('trade')
    .description('a fill, paper or live')
    .requiredOption('--symbol <symbol>', 'what was traded, e.g. BTC')
    .requiredOption('--side <side>', 'buy or sell')
    .requiredOption('--quantity <number>', 'how much of it', number)
    .requiredOption('--price <number>', 'for one, in the quote currency', number)
    .option('--fee <number>', 'in the quote currency', number)
    .option('--mode <mode>', 'paper or live', 'paper')
    .option('--client-id <id>', 'your own id of the fill: saying it again is harmless')
    .option('--at <time>', 'when it happened, RFC 3339 in UTC; default: now')
    .option('--data <json>', 'anything else, a JSON object', parseJson)
    .action((options: object, command: Command) => send(command, toReport('trade', options)));

  report
    .command('equity')
    .description('what the account is worth, in USD')
    .requiredOption('--equity <number>', 'all of it', number)
    .option('--cash <number>', 'of that in cash', number)
    .option('--exposure <number>', 'of that at risk', number)
    .option('--at <time>', 'RFC 3339 in UTC; default: now')
    .action(({ equity, cash, exposure, ...rest }: Record<string, unknown>, command: Command) =>
      send(command, toReport('equity', { ...rest, equity_usd: equity, ...defined({ cash_usd: cash, exposure_usd: exposure }) })),
    );

  report
    .command('note')
    .description('something worth knowing')
    .argument('<message>')
    .option('--severity <severity>', 'info, warning or error', 'info')
    .option('--client-id <id>', 'your own id of the note: saying it again is harmless')
    .option('--at <time>', 'RFC 3339 in UTC; default: now')
    .option('--data <json>', 'anything else, a JSON object', parseJson)
    .action((message: string, options: object, command: Command) => send(command, toReport('note', { ...options, message })));

  report
    .command('metric')
    .description('any other number')
    .requiredOption('--name <name>', 'lower-case letters, digits, _ and .')
    .requiredOption('--value <number>', 'the number', number)
    .option('--label <name=value>', 'may be given more than once', label, {})
    .option('--at <time>', 'RFC 3339 in UTC; default: now')
    .action(({ label: labels, ...rest }: Record<string, unknown>, command: Command) => send(command, toReport('metric', { ...rest, labels })));
}

/** What the agent would say of the report is said without asking it, in the words of the command line. */
async function check(body: unknown, send: () => ReturnType<typeof sendLocalReports>): ReturnType<typeof sendLocalReports> {
  try {
    readLocalReports(body);
  } catch (error) {
    if (error instanceof DomainError) return { exitCode: EXIT.usage, text: error.message };
    throw error;
  }
  return send();
}

/** Options by the names of the contract: `--client-id` is `client_id`. */
const toReport = (kind: LocalReport['kind'], options: object): object => ({
  kind,
  ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])),
});

const defined = (values: Record<string, unknown>) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** A typing error must not become a trade: no 0x10, no "nothing" that counts as 0. Tiny ones are often written 1e-8. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

function number(text: string): number {
  const value = Number(text);
  if (!DECIMAL.test(text.trim()) || !Number.isFinite(value)) throw new InvalidArgumentError('It is not a decimal number.');
  return value;
}

function label(text: string, labels: Record<string, string>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It is not of the form name=value.');
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}

/** What a file or stdin (`-`) holds. Throws InvalidArgumentError when there is nothing that can be read. */
async function readReports(io: Pick<ReportCommandIo, 'host' | 'readStdin'>, file: string): Promise<string> {
  const read = file === '-' ? io.readStdin() : io.host.readText(file);
  const text = await read.catch((error: unknown) => {
    throw new InvalidArgumentError(`It is not readable: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (text === null) throw new InvalidArgumentError('It is not there.');
  return text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It is not JSON.');
  }
}

const onlyUsageErrors = (io: ReportCommandIo) => (error: CommanderError) => {
  io.exit(error.exitCode === 0 ? EXIT.accepted : EXIT.usage);
  throw error;
};
