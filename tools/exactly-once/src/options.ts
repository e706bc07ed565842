import { Command } from 'commander';
import { z } from 'zod';

export const Options = z.object({
  schedules: z.coerce.number().int().min(1).max(100_000),
  seed: z.coerce.number().int().min(0).max(2 ** 31),
  workers: z.coerce.number().int().min(2).max(8),
  turns: z.coerce.number().int().min(1).max(10_000),
  prismEvery: z.coerce.number().int().min(0),
  story: z.boolean().default(false),
});
export type Options = z.infer<typeof Options>;

/** Reads the arguments (without node and script); commander answers --help and complains about bad ones. */
export function parseOptions(args: readonly string[]): Options {
  const command = new Command('npm run test:exactly-once --')
    .description('Several provisioners, a made-up DigitalOcean, and faults at every step: is there ever more or less than one droplet per bot? Exit code 0 when not.')
    .option('--schedules <n>', 'how many runs of faults', '100')
    .option('--seed <s>', 'of the first schedule; the next one has the next', '1')
    .option('--workers <n>', 'provisioner processes at most', '3')
    .option('--turns <n>', 'disturbances in each schedule', '80')
    .option('--prism-every <n>', "every so many schedules the cloud stands behind Prism's proxy with DigitalOcean's description; 0: never", '25')
    .option('--story', 'tell what happened in every schedule, not only in those that fail')
    .addHelpText('after', '\nThe last line is JSON: {"schedules","bots","duplicates","orphans","offline","extra_droplet_minutes"}.')
    .allowExcessArguments(false)
    .parse(args, { from: 'user' });
  const options = Options.safeParse(command.opts());
  if (options.success) return options.data;
  return command.error(`error: ${z.prettifyError(options.error)}`);
}
