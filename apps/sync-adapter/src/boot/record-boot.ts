import { DomainError, type BootReport } from '@trawling/contracts';
import type { BootStageRow, EnrollmentTokenRow } from '@trawling/database';
import { refuse } from '../authentication/credential-verdict.js';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import { requireRate } from '../limits/rate-limit.js';
import { type RouteLimits } from '../limits/route-limits.js';

export interface RecordBootDeps {
  /** Throws when the token is no credential that may speak for the bot. */
  authenticate: () => Promise<CallingBot>;
  findEnrollmentToken: (tokenId: string) => Promise<EnrollmentTokenRow | null>;
  saveBootStage: (row: BootStageRow) => Promise<void>;
  saveUnverifiedBootStage: (row: BootStageRow) => Promise<void>;
  rateLimits: Pick<RouteLimits, 'boot'>;
}

/**
 * Records how far a machine came. With a credential the stage counts; before enrollment the report names its token, and
 * since only the control plane can check the MAC it is recorded as unverified: it can inform an owner and do no more.
 */
export async function recordBoot(
  deps: RecordBootDeps,
  input: { botId: string; hasCredential: boolean; report: BootReport },
): Promise<void> {
  const { botId, report } = input;
  const row = { botId, generation: report.generation, stage: report.stage, error: report.ok ? null : (report.error_line ?? 'failed') };

  if (input.hasCredential) {
    const caller = await deps.authenticate();
    requireRate(deps.rateLimits.boot(caller.credentialId));
    if (caller.generation !== report.generation) throw wrongGeneration();
    return deps.saveBootStage(row);
  }
  if (report.token_id === undefined || report.mac === undefined) throw refuse('unauthenticated');
  requireRate(deps.rateLimits.boot(report.token_id));
  const token = await deps.findEnrollmentToken(report.token_id);
  if (!token || token.botId !== botId || token.generation !== report.generation) throw refuse('unauthenticated');
  return deps.saveUnverifiedBootStage(row);
}

const wrongGeneration = (): DomainError =>
  new DomainError('invalid-request', 'The report is about another machine.', {
    issues: [{ path: 'generation', message: 'is not the generation of the credential' }],
  });
