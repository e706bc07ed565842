import { DomainError } from '@trawling/contracts';
import type { DesiredHeadRow } from '@trawling/database';
import type { Watch } from '../changes/change-hub.js';
import type { DesiredMemory } from '../memory/open-memory.js';
import type { Delta, DeltaInput } from './delta.js';
import type { Waiters } from './waiters.js';

export interface FetchConfigDeps {
  desired: DesiredMemory;
  findVersionPayload: (botId: string, version: number) => Promise<string | null>;
  findDelta: (input: DeltaInput) => Promise<Delta | null>;
  /** Hints about this bot. */
  watch: (botId: string) => Watch;
  waiters: Waiters;
  monotonicMs: () => number;
}

export interface FetchConfigInput {
  botId: string;
  /** Hashes the caller has already; `*` for any. */
  known: readonly string[];
  /** How long to hold the answer while there is nothing newer. */
  waitSeconds: number;
  /** The caller can apply a JSON patch to what it has. */
  takesDelta: boolean;
  /** Throws when the caller may no longer speak for the bot: a wait is long enough to be revoked in. */
  stillAllowed: () => Promise<unknown>;
  /** Registers what to do when the caller goes away. */
  onGone: (gone: () => void) => void;
}

export type FetchedConfig =
  | { kind: 'unchanged'; hash: string }
  | { kind: 'full'; hash: string; payload: string; signature: string }
  | { kind: 'delta'; hash: string; signature: string; delta: Delta };

/** Always the latest version, or "nothing newer" after at most `waitSeconds`. Throws unavailable, bot-not-found. */
export async function fetchConfig(deps: FetchConfigDeps, input: FetchConfigInput): Promise<FetchedConfig> {
  const head = input.waitSeconds === 0 ? await findHead(deps, input.botId) : await waitForHead(deps, input);
  return isKnown(head, input.known) ? { kind: 'unchanged', hash: head.hash } : readConfig(deps, input, head);
}

/** Whether an If-None-Match names what is desired. */
export const isKnown = (head: Pick<DesiredHeadRow, 'hash'>, known: readonly string[]): boolean =>
  known.includes(head.hash) || known.includes('*');

async function findHead(deps: FetchConfigDeps, botId: string): Promise<DesiredHeadRow> {
  const head = await deps.desired.findSummary(botId);
  if (!head) throw new DomainError('bot-not-found', 'There is no config for this bot.');
  return head;
}

/** The watch begins before the first look, so that nothing falls in between. */
async function waitForHead(deps: FetchConfigDeps, input: FetchConfigInput): Promise<DesiredHeadRow> {
  const deadline = deps.monotonicMs() + input.waitSeconds * 1000;
  const watch = deps.watch(input.botId);
  let leave = (): void => undefined;
  try {
    let head = await findHead(deps, input.botId);
    if (!isKnown(head, input.known)) return head;
    leave = deps.waiters.enter(input.botId, watch.stop);
    input.onGone(watch.stop);
    while (isKnown(head, input.known)) {
      const left = deadline - deps.monotonicMs();
      const hinted = left > 0 && (await watch.changed(left));
      await input.stillAllowed();
      head = await findHead(deps, input.botId);
      if (!hinted) break;
    }
    return head;
  } finally {
    leave();
    watch.stop();
  }
}

async function readConfig(deps: FetchConfigDeps, { botId, known, takesDelta }: FetchConfigInput, head: DesiredHeadRow): Promise<FetchedConfig> {
  const { hash, version, signature } = head;
  if (signature === null) throw new DomainError('unavailable', `Version ${version} is not signed yet.`);
  const payload = await deps.findVersionPayload(botId, version);
  if (payload === null) throw new DomainError('unavailable', `Version ${version} was just replaced: ask again.`, { retry_after: 1 });
  const delta = takesDelta ? await deps.findDelta({ botId, known, target: { hash, payload } }) : null;
  return delta ? { kind: 'delta', hash, signature, delta } : { kind: 'full', hash, signature, payload };
}
