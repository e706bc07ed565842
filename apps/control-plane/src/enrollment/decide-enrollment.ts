import type { EnrollRequest, ProblemCode } from '@trawling/contracts';

/** What the control plane knows when it decides. Every time in it is the database's. */
export type EnrollmentFacts = {
  request: EnrollRequest;
  /** The newest wanted generation, and whether the bot is to go. */
  bot: { machineGeneration: number; decommissioning: boolean };
  /** The token the request names, if it is one of this bot and generation. */
  token: { id: string; createdAt: Date; usedAt: Date | null; expired: boolean } | null;
  /** When another token of the same generation was used last: each create attempt has its own. */
  siblingUsedAt: Date | null;
  /** True, or what does not fit: proof or MAC. Null when the token's secret could not be opened. */
  verified: true | string | null;
  /** The credential that has the requested id, if there is one. */
  credential: { sameKeys: boolean; revokedReason: string | null; botId: string } | null;
};

export type EnrollmentVerdict =
  | { kind: 'accept' }
  /** The machine that has the credential already asks once more: its answer got lost. */
  | { kind: 'accept-again' }
  | { kind: 'refuse'; code: ProblemCode; reason: string; alarm: boolean };

/**
 * Whether a machine gets its credential. The proof comes before everything else, so that only who holds the token's
 * secret learns, or sets off, anything. `alarm` marks what can only be a leaked token or a second machine.
 */
export function decideEnrollment(facts: EnrollmentFacts): EnrollmentVerdict {
  const { request, bot, token, credential } = facts;
  if (!token) return refuse('enrollment-refused', 'There is no such token for this bot and generation');
  if (facts.verified !== true) return refuse('enrollment-refused', `The request does not verify: ${facts.verified ?? 'the token cannot be opened'}`);
  if (bot.decommissioning) return refuse('bot-decommissioned', 'The bot was decommissioned');
  if (request.generation < bot.machineGeneration) {
    return refuse('machine-superseded', `Generation ${bot.machineGeneration} took over from generation ${request.generation}`);
  }
  if (request.generation > bot.machineGeneration) return refuse('enrollment-refused', 'This generation is not wanted yet');
  if (token.usedAt) return decideUsedToken(credential);
  if (token.expired) return refuse('enrollment-refused', 'The token has expired');
  if (facts.siblingUsedAt && token.createdAt <= facts.siblingUsedAt) {
    return refuse('enrollment-token-used', 'Another create attempt of this generation has enrolled already', true);
  }
  if (credential) return refuse('enrollment-refused', 'The credential id is taken');
  return { kind: 'accept' };
}

/** Single use: only the very keys that used it may hear their answer again. */
function decideUsedToken(credential: EnrollmentFacts['credential']): EnrollmentVerdict {
  if (!credential?.sameKeys) return refuse('enrollment-token-used', 'The token was used with other keys', true);
  if (credential.revokedReason === null) return { kind: 'accept-again' };
  if (credential.revokedReason === 'superseded') return refuse('machine-superseded', 'A newer machine took over this bot');
  return refuse('enrollment-refused', 'The credential was revoked');
}

const refuse = (code: ProblemCode, reason: string, alarm = false): EnrollmentVerdict => ({ kind: 'refuse', code, reason, alarm });
