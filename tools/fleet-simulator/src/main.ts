import { systemClock } from '@trawling/runtime';
import { readFileSync } from 'node:fs';
import { FleetFile } from './fleet-file.js';
import { parseOptions } from './options.js';
import { printSummary } from './print-summary.js';
import { startFleet } from './run-fleet.js';

const STARTING_AT_ONCE = 100;

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const file = FleetFile.parse(JSON.parse(readFileSync(options.fleet, 'utf8')));
  const fleet = startFleet({
    url: options.url,
    rootPublicJwk: file.root_public_jwk,
    bots: file.bots.slice(0, options.bots),
    mode: options.mode,
    rampSeconds: options.ramp,
    metricsSeconds: options.metrics,
    waitSeconds: options.wait,
    lookWithinSeconds: options.spread,
    connections: options.connections,
    startingAtOnce: STARTING_AT_ONCE,
  });
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

  await systemClock.sleep((options.ramp + options.seconds) * 1000, interrupted.signal);
  const summary = fleet.summary();
  await fleet.stop();
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : printSummary(summary));
  return Object.keys(summary.errors).length === 0 && summary.synced === summary.bots ? 0 : 1;
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`fleet-simulator: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
