import { DomainError } from '@trawling/contracts';
import type { DesiredConfigRow } from '@trawling/database';
import type { Watch } from '../changes/change-hub.js';

export interface FetchConfigDeps {
  findDesiredConfig: (botId: string) => Promise<DesiredConfigRow | null>;
  /** Hints about this bot. */
  watch: (botId: string) => Watch;
  /** Throws when the caller may no longer speak for the bot: a wait is long enough to be revoked in. */
  stillAllowed: () => Promise<unknown>;
  monotonicMs: () => number;
}

export interface FetchConfigInput {
  botId: string;
  /** Hashes the caller has already; `*` for any. */
  known: readonly string[];
  /** How long to hold the answer while there is nothing newer. */
  waitSeconds: number;
}

export type FetchedConfig = { changed: false; hash: string } | { changed: true; hash: string; payload: string; signature: string };

/** Always the latest version, or "nothing newer" after at most `waitSeconds`. Throws unavailable, bot-not-found. */
export async function fetchConfig(deps: FetchConfigDeps, input: FetchConfigInput): Promise<FetchedConfig> {
  if (input.waitSeconds === 0) return readConfig(deps, input);

  const deadline = deps.monotonicMs() + input.waitSeconds * 1000;
  const watch = deps.watch(input.botId);
  try {
    let config = await readConfig(deps, input);
    while (!config.changed) {
      const left = deadline - deps.monotonicMs();
      const hinted = left > 0 && (await watch.changed(left));
      await deps.stillAllowed();
      config = await readConfig(deps, input);
      if (!hinted) break;
    }
    return config;
  } finally {
    watch.stop();
  }
}

async function readConfig(deps: FetchConfigDeps, { botId, known }: FetchConfigInput): Promise<FetchedConfig> {
  const row = await deps.findDesiredConfig(botId);
  if (!row) throw new DomainError('bot-not-found', 'There is no config for this bot.');
  if (known.includes(row.hash) || known.includes('*')) return { changed: false, hash: row.hash };
  if (row.signature === null) throw new DomainError('unavailable', `Version ${row.version} is not signed yet.`);
  return { changed: true, hash: row.hash, payload: row.payload, signature: row.signature };
}
