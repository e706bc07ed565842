import { demoBotRequest } from './demo-bot.js';
import { type Fleet } from './fleet.js';
import { type StateDir } from './state-dir.js';
import { type Terminal } from './terminal.js';
import { type Bounds } from './wait.js';
import { walk, type WalkResult } from './walk.js';

/** What `--json` prints. With several bots the top level is the first one's walk. */
export type OnceReport = Omit<WalkResult, 'openclaw_version'> & {
  versions: Record<string, string | null>;
  bots?: Omit<WalkResult, 'openclaw_version'>[];
};

/** Walks `bots` bots through their life at once. Ok only when every step of every bot happened. */
export async function runOnce(input: { fleet: Fleet; state: StateDir; bots: number; terminal: Terminal; bounds: Bounds }): Promise<OnceReport> {
  const { fleet, state, bots, terminal, bounds } = input;
  const numbers = Array.from({ length: bots }, (_, index) => index + 1);
  const results = await Promise.all(
    numbers.map((number) => {
      const label = bots > 1 ? `bot ${number}: ` : '';
      const deps = { controlPlane: fleet.controlPlane, machinesDir: state.machines, terminal, label };
      return walk(deps, bounds, demoBotRequest({ number, llm: fleet.llm }));
    }),
  );
  const walks = results.map(({ openclaw_version: _, ...result }) => result);
  const [first] = walks;
  if (!first) throw new Error('no bot was walked');
  const failed = walks.find((result) => !result.ok);
  return {
    ...first,
    ok: failed === undefined,
    ...(failed?.failed_step && { failed_step: failed.failed_step }),
    ...(failed?.error !== undefined && { error: failed.error }),
    versions: { node: process.versions.node, openclaw: results.find((r) => r.openclaw_version)?.openclaw_version ?? null },
    ...(bots > 1 && { bots: walks }),
  };
}

/** The report of a walk that could not even begin, or was cut short. */
export function failedReport(error: unknown): OnceReport {
  return {
    ok: false,
    bot_id: null,
    steps: [],
    versions: { node: process.versions.node, openclaw: null },
    failed_step: 'bot_created',
    error: error instanceof Error ? error.message : String(error),
  };
}
