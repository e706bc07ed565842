import { DomainError, problems, type ProblemCode } from '@trawling/contracts';
import type { Watch } from '../changes/change-hub.js';

/** A request of a machine as it was recorded: only the control plane decides it. */
export interface RecordedRequest {
  /** "pending", "accepted" or "refused". */
  state: string;
  /** Problem code when refused. */
  code: string | null;
  reason: string | null;
}

export interface AwaitVerdictDeps {
  /** The row of this very request, if it was recorded. */
  find: () => Promise<RecordedRequest | null>;
  /** Records it unless it is there, and tells the control plane. */
  record: () => Promise<void>;
  watch: (botId: string) => Watch;
  monotonicMs: () => number;
}

/** Hints can be lost: look again this often while waiting. Milliseconds. */
const LOOK_EVERY_MS = 1_000;

/** Records a request unless it is known and waits up to `waitMs` for its verdict; null means not decided yet. */
export async function awaitVerdict(deps: AwaitVerdictDeps, input: { botId: string; waitMs: number }): Promise<RecordedRequest | null> {
  const watch = deps.watch(input.botId);
  try {
    if (!(await deps.find())) await deps.record();
    const deadline = deps.monotonicMs() + input.waitMs;
    for (;;) {
      const row = await deps.find();
      if (row && row.state !== 'pending') return row;
      const left = deadline - deps.monotonicMs();
      if (left <= 0 || watch.isClosed()) return null;
      await watch.changed(Math.min(left, LOOK_EVERY_MS));
    }
  } finally {
    watch.stop();
  }
}

/** What a machine hears whose request was refused; `otherwise` when the row names no code we know. */
export function refusedWith(row: RecordedRequest, otherwise: ProblemCode): DomainError {
  const code = row.code !== null && isProblemCode(row.code) ? row.code : otherwise;
  return new DomainError(code, row.reason ?? problems[otherwise].title);
}

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);
