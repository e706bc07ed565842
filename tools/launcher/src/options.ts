import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
// Read by tools/start.mjs as well, whose --help works before anything is installed.
import declared from './options.json';

export const Options = z.object({
  once: z.boolean().default(false),
  json: z.boolean().default(false),
  /** How many demo bots. */
  bots: z.coerce.number().int().min(1).max(20),
  portBase: z.coerce.number().int().min(1024).max(65_400).optional(),
  stateDir: z.string().min(1).optional(),
  /** Seconds. */
  timeout: z.coerce.number().int().min(1).max(86_400),
  fresh: z.boolean().default(false),
});
export type Options = z.infer<typeof Options>;

/** Reads the arguments (without node and script). On bad ones commander says why and exits with 1. */
export function parseOptions(args: readonly string[]): Options {
  const command = new Command('npm start --')
    .description("Brings up the whole fleet on this machine, with a demo bot on the real OpenClaw.")
    .allowExcessArguments(false);
  for (const { flags, description, default: value } of declared) {
    const option = new Option(flags, description);
    const name = option.attributeName();
    if (value !== undefined) option.default(value);
    if (name in Options.shape && flags.includes('<')) option.argParser((text) => checked(name, text));
    command.addOption(option);
  }
  command.parse(args, { from: 'user' });
  const options = Options.parse(command.opts());
  if (options.json && !options.once) command.error('error: --json goes with --once');
  return options;
}

function checked(name: string, text: string): string {
  const field = z.object(Options.shape).partial().safeParse({ [name]: text });
  if (!field.success) throw new InvalidArgumentError(field.error.issues.map((issue) => issue.message).join('; '));
  return text;
}
