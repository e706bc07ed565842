import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';

export const Options = z.object({
  cache: z.string().transform((folder) => resolve(folder)),
  mirror: z.url(),
  suite: z.string().regex(/^[a-z]+$/),
  rebuildImage: z.boolean().default(false),
  keep: z.boolean().default(false),
  timeout: z.coerce.number().min(30).max(3600),
});
export type Options = z.output<typeof Options>;

/** Outside the checkout: a clean clone does not build the image again. */
const defaultCache = (env: NodeJS.ProcessEnv): string => join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'trawling-traders', 'boot-test');

/** Reads the arguments (without node and script); commander answers --help and complains about bad ones. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const command = new Command('npm run test:boot --')
    .description(
      'Boots a real machine (systemd and cloud-init in systemd-nspawn) with the user data a droplet gets, through to a config applied by the real OpenClaw.\n' +
        'Needs Linux, root and Debian packages; says why and exits with 77 where it cannot run.',
    )
    .option('--cache <folder>', 'where the image and the programs are kept', defaultCache(env))
    .option('--mirror <url>', 'where Debian packages of the image come from', 'http://deb.debian.org/debian')
    .option('--suite <name>', 'which Debian the machine runs', 'trixie')
    .option('--rebuild-image', 'do not use the image of the cache')
    .option('--keep', 'leave the machine and everything else running until Ctrl-C, to look at it')
    .option('--timeout <seconds>', 'for the whole run but the building of the image', '600')
    .allowExcessArguments(false)
    .parse(args, { from: 'user' });
  const options = Options.safeParse(command.opts());
  if (options.success) return options.data;
  return command.error(`error: ${z.prettifyError(options.error)}`);
}
