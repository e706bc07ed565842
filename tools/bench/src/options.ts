import { Command, Option } from 'commander';
import { z } from 'zod';

export const Options = z.object({
  only: z.array(z.string()).default([]),
  quick: z.boolean().default(false),
  smoke: z.boolean().default(false),
  json: z.string().optional(),
  docs: z.boolean(),
  bots: z.coerce.number().int().min(1).max(100_000),
  data: z.string().optional(),
});
export type Options = z.infer<typeof Options>;

/** Reads the arguments (without node and script); commander answers --help and complains about bad ones. */
export function parseOptions(args: readonly string[], items: readonly { name: string; title: string }[]): Options {
  const command = new Command('npm run bench --')
    .description('Measures how fast the sync-adapter is, next to baselines, on real Postgres with fsync on; exit code 0 when every target is met.')
    .addOption(new Option('--only <item...>', 'only these').choices(items.map(({ name }) => name)))
    .option('--quick', 'short runs: shows that it works, says little about speed; docs/benchmarks.md is left alone')
    .option('--smoke', 'each measurement for a moment: shows that it works and nothing else; try it with --bots 50')
    .option('--json <file>', 'also write { name: { value, unit, baseline, ratio, target, met } }')
    .option('--no-docs', 'leave docs/benchmarks.md alone')
    .option('--bots <n>', 'size of the fleet; fewer than 10,000 show less than what is asked for', '10000')
    .option('--data <folder>', 'where the database lies while it runs: on a disk (default: .state/bench)')
    .addHelpText('after', `\nItems:\n${items.map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n')}`)
    .allowExcessArguments(false)
    .parse(args, { from: 'user' });
  const options = Options.safeParse(command.opts());
  if (options.success) return options.data;
  return command.error(`error: ${z.prettifyError(options.error)}`);
}
