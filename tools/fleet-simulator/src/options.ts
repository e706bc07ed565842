import { Command, Option } from 'commander';
import { z } from 'zod';

const Count = (max: number) => z.coerce.number().int().min(1).max(max);

export const Options = z.object({
  fleet: z.string(),
  url: z.url({ protocol: /^https?$/ }),
  mode: z.enum(['poll', 'long-poll', 'stream']),
  bots: Count(100_000).optional(),
  /** All in seconds. */
  seconds: Count(86_400),
  ramp: z.coerce.number().min(0).max(3_600),
  metrics: Count(86_400),
  wait: Count(60),
  spread: z.coerce.number().min(0).max(600),
  connections: z.union([z.literal('own'), Count(10_000)]),
  json: z.boolean().default(false),
});
export type Options = z.infer<typeof Options>;

/** Reads the arguments (without node and script); commander answers --help and complains about bad ones. */
export function parseOptions(args: readonly string[]): Options {
  const command = new Command('fleet-simulator')
    .description(
      'Speaks the bots’ protocol for a whole fleet: fetches and verifies configs (hash, signature, key set), acknowledges,\n' +
        'sends heartbeats and metrics, follows hints. Ends after --seconds with latencies per call and errors by code;\n' +
        'exit code 0 only when nothing went wrong. Ctrl-C ends it early.',
    )
    .requiredOption('--fleet <file>', 'JSON: { root_public_jwk, bots: [{ bot_id, generation, credential }] }')
    .option('--url <url>', 'the sync-adapter', 'http://127.0.0.1:4200')
    .addOption(new Option('--mode <mode>', 'how a bot hears of changes').choices(['poll', 'long-poll', 'stream']).default('stream'))
    .option('--bots <n>', 'only the first n of the file')
    .option('--seconds <n>', 'how long, once all have started', '60')
    .option('--ramp <n>', 'seconds over which the bots start', '10')
    .option('--metrics <n>', 'seconds between two batches of ten points of a bot', '60')
    .option('--wait <n>', 'seconds a long poll is held', '50')
    .option('--spread <n>', 'seconds over which bots that are told at once look', '0')
    .option('--connections <n|own>', 'HTTP connections shared by all, as behind a proxy, or one of its own per bot', 'own')
    .option('--json', 'the summary as one JSON object on stdout')
    .allowExcessArguments(false)
    .parse(args, { from: 'user' });
  const options = Options.safeParse(command.opts());
  if (options.success) return options.data;
  return command.error(`error: ${z.prettifyError(options.error)}`);
}
