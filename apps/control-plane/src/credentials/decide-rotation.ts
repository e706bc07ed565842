import type { ProblemCode, RotateCredentialRequest } from '@trawling/contracts';

/** What the control plane knows when it decides. */
export type RotationFacts = {
  request: RotateCredentialRequest;
  bot: { id: string; machineGeneration: number; decommissioning: boolean };
  /** The credential the request names as the one to take over from, if this bot has it. */
  current: {
    generation: number;
    /** Null while it is good. */
    revokedReason: string | null;
    /** It is itself a candidate that was never used. */
    unused: boolean;
    /** Another candidate of it was used already. */
    replaced: boolean;
  } | null;
  /** Signed by the identity key of that credential's machine. */
  verified: boolean;
  /** The credential that has the candidate's id, if there is one. */
  candidate: { same: boolean; revoked: boolean } | null;
};

export type RotationVerdict =
  | { kind: 'accept' }
  /** The candidate is there already: the answer got lost. */
  | { kind: 'accept-again' }
  | { kind: 'refuse'; code: ProblemCode; reason: string; alarm: boolean };

/**
 * Whether a candidate may take over from a credential. Nothing counts before the proof: who relays a request, or has
 * stolen a credential, cannot make one. `alarm` marks a request that somebody made without the machine's identity key.
 */
export function decideRotation(facts: RotationFacts): RotationVerdict {
  const { request, bot, current, candidate } = facts;
  if (!current || request.bot_id !== bot.id) return refuse('rotation-refused', 'This bot has no such credential');
  if (!facts.verified) return refuse('rotation-refused', 'The proof is not by the machine’s identity key', true);
  if (bot.decommissioning || current.revokedReason === 'decommissioned') return refuse('bot-decommissioned', 'The bot was decommissioned');
  if (current.generation < bot.machineGeneration || current.revokedReason === 'superseded') {
    return refuse('machine-superseded', `Generation ${bot.machineGeneration} took over from generation ${current.generation}`);
  }
  if (request.generation !== current.generation) return refuse('rotation-refused', 'The credential is of another machine');
  if (candidate?.same && !candidate.revoked) return { kind: 'accept-again' };
  if (candidate) return refuse('rotation-refused', candidate.same ? 'The candidate was revoked' : 'The credential id is taken');
  if (current.revokedReason !== null || current.replaced) return refuse('rotation-refused', 'The credential is not good any more');
  if (current.unused) return refuse('rotation-refused', 'The credential was never used');
  return { kind: 'accept' };
}

const refuse = (code: ProblemCode, reason: string, alarm = false): RotationVerdict => ({ kind: 'refuse', code, reason, alarm });
