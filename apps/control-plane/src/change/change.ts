import { DomainError } from '@trawling/contracts';
import type { Fingerprint } from '@trawling/crypto';
import { claimIdempotencyKey, saveIdempotentAnswer, type Transaction } from '@trawling/database';
import type { Logger } from '@trawling/runtime';
import type { z } from 'zod';
import { actorOf, type Caller } from '../auth/caller.js';

/** One accepted change as it happens: everything that belongs to it goes through `tx` and is there whole or not at all. */
export type Change = {
  tx: Transaction;
  caller: Caller;
  /** Who did it, as it stands in audit rows and versions. */
  actor: string;
  /** Null for what we do by ourselves. */
  requestId: string | null;
  /** When it was asked for; the same moment in every row it writes. */
  at: Date;
  /** Wakes the provisioner for this bot after the commit; `inTurn` for a machine that is to be made, as the queue has it. */
  wakeMachine: (botId: string, options?: { inTurn?: boolean }) => void;
  /** Logs what has become so, after the commit. */
  log: (details: { bot_id: string } & Record<string, unknown>, message: string) => void;
};

export type ChangeRequest = {
  caller: Caller;
  requestId: string;
  /** HTTP status of the answer, kept with it. */
  status: number;
  /** From the header Idempotency-Key; `request` is the canonical text of method, path, precondition and body. */
  idempotency: { key: string; request: string } | null;
};

export type RunChangeDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  enqueueMachine: (botId: string, options?: { inTurn?: boolean }) => Promise<void>;
  now: () => Date;
  logger: Logger;
  /** A body may hold a secret: what is kept to recognise a request must not be something to guess it by. */
  fingerprint: Fingerprint;
};

/**
 * Runs one change in one transaction, and at most once per Idempotency-Key: the key, the change and the answer are
 * committed together, so a repetition gets the first answer, also when both run at the same time. A change that throws
 * leaves nothing behind, not even its key. Throws DomainError `idempotency-key-reused` for another request.
 */
export async function runChange<Body>(
  deps: RunChangeDeps,
  request: ChangeRequest,
  /** What the change answers; a kept answer is read back through it. */
  Answer: z.ZodType<Body>,
  change: (change: Change) => Promise<Body>,
): Promise<{ body: Body; replayed: boolean }> {
  const afterCommit: (() => void)[] = [];
  const answer = await deps.transaction(async (tx) => {
    const { caller, requestId, idempotency } = request;
    const claim = idempotency && {
      apiKeyId: caller.keyId,
      key: idempotency.key,
      requestHash: deps.fingerprint.of(idempotency.request),
    };
    const earlier = claim ? await claimIdempotencyKey(tx, claim) : null;
    if (idempotency && earlier?.state === 'taken') {
      const same = deps.fingerprint.matches(earlier.requestHash, idempotency.request);
      return { body: Answer.parse(keptAnswer(earlier, same)), replayed: true };
    }
    const body = await change({
      tx,
      caller,
      actor: actorOf(caller),
      requestId,
      at: deps.now(),
      wakeMachine: (botId, options) => afterCommit.push(() => void wake(deps, botId, options)),
      log: (details, message) => afterCommit.push(() => deps.logger.info({ ...details, request_id: requestId }, message)),
    });
    if (claim) await saveIdempotentAnswer(tx, claim, { status: request.status, body });
    return { body, replayed: false };
  });
  // Whoever asked does not wait for a hint: the change is made, and the sweep finds what no hint told of.
  for (const act of afterCommit) act();
  return answer;
}

function keptAnswer(earlier: { status: number | null; body: unknown }, same: boolean): unknown {
  if (!same) {
    throw new DomainError('idempotency-key-reused', 'This Idempotency-Key was used with another method, address or body');
  }
  if (earlier.status === null) throw new DomainError('request-in-progress', 'Ask again in a moment');
  return earlier.body;
}

/** A hint only: when the queue is away the provisioner's sweep finds the bot. */
async function wake(deps: RunChangeDeps, botId: string, options?: { inTurn?: boolean }): Promise<void> {
  try {
    await deps.enqueueMachine(botId, options);
  } catch (error) {
    deps.logger.warn({ err: error, bot_id: botId }, 'the queue took no wake-up; the sweep will find this bot');
  }
}
