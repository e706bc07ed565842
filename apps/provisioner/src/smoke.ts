import { PACE, SmokeEnv, type SmokePace } from './smoke/smoke-options.js';
import { smokeBot } from './smoke/smoke-bot.js';
import { openSmokeClient, smokeDroplet } from './smoke/smoke-droplet.js';

export type SmokeInput = { env: Record<string, string | undefined>; say: (line: string) => void; signal: AbortSignal; pace?: SmokePace };

/** Exit codes. */
const PASSED = 0;
const FAILED = 1;
const NOT_RUN = 2;

/** The one test that costs money: `tools/digitalocean-smoke.mjs` runs it. Resolves with the exit code. */
export async function runSmoke({ env: source, say, signal, pace = PACE }: SmokeInput): Promise<number> {
  if (!source['DIGITALOCEAN_TOKEN']) {
    say('Not run: DIGITALOCEAN_TOKEN is not set. docs/digitalocean.md says what this does and what it costs.');
    return NOT_RUN;
  }
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const env = SmokeEnv.parse(given);
  const deps = { env, pace, say, signal };
  const client = openSmokeClient(deps);
  try {
    say('A droplet through the driver:');
    await smokeDroplet(deps, client);
    if (env.CONTROL_PLANE_URL === undefined) {
      say('A bot through an installation: not run, CONTROL_PLANE_URL and CONTROL_PLANE_API_KEY are not set.');
    } else {
      say(`A bot through ${env.CONTROL_PLANE_URL}:`);
      await smokeBot(deps, client);
    }
    say('Passed.');
    return PASSED;
  } catch (error) {
    say(`Failed: ${error instanceof Error ? error.message : String(error)}`);
    return FAILED;
  } finally {
    client.close();
  }
}
