import { DomainError } from '@trawling/contracts';

/** What a stored credential says about the one who shows it. */
export interface CredentialFacts {
  botId: string;
  generation: number;
  revokedAt: Date | null;
  revokedReason: string | null;
  /** Newest machine generation wanted for the bot. */
  currentGeneration: number;
  decommissionRequestedAt: Date | null;
  /** Another credential took over from it. */
  replaced: boolean;
}

/** What a fenced holder hears; each with its code in the error table. */
export const refusals = {
  'unauthenticated': 'A valid credential of this bot is needed.',
  'bot-not-found': 'There is no such bot for this credential.',
  'bot-decommissioned': 'The bot was decommissioned: stop trading and stop asking.',
  'machine-superseded': 'A newer machine took over this bot: stop trading and stop asking.',
} as const;
export type Refusal = keyof typeof refusals;

export const refuse = (code: Refusal): DomainError => new DomainError(code, refusals[code]);

/**
 * May the holder of this credential speak for `botId`? Null means yes. Design section 6: 401 hides everything from a
 * holder who lost our trust, 404 hides other bots, 410 tells a fenced machine to stop trading and to stop asking.
 * A revocation for a reason we do not know counts as one for security.
 */
export function credentialVerdict(facts: CredentialFacts, botId: string): Refusal | null {
  const revokedFor = facts.revokedAt === null ? null : (facts.revokedReason ?? 'security');
  if (revokedFor !== null && revokedFor !== 'decommissioned' && revokedFor !== 'superseded') return 'unauthenticated';
  if (facts.replaced) return 'unauthenticated';
  if (facts.botId !== botId) return 'bot-not-found';
  if (revokedFor === 'decommissioned' || facts.decommissionRequestedAt !== null) return 'bot-decommissioned';
  if (revokedFor === 'superseded' || facts.generation < facts.currentGeneration) return 'machine-superseded';
  return null;
}
