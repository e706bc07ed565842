import { DomainError, JsonObject, type BootReport } from '@trawling/contracts';
import { macMatchesUnder } from '@trawling/crypto';
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
  saveFirstBootStage: (row: BootStageRow & { verified: boolean }) => Promise<void>;
  tellBootFailed: (row: BootStageRow) => Promise<void>;
  rateLimits: Pick<RouteLimits, 'boot'>;
}

/**
 * Records how far a machine came, and tells the owner when it failed there. Before enrollment the report carries the id
 * of its token and a MAC under a key derived from it, which this process may have: it proves nothing but boot reports.
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
    await deps.saveBootStage(row);
    return tellFailure(deps, row);
  }
  if (report.token_id === undefined || report.mac === undefined) throw refuse('unauthenticated');
  requireRate(deps.rateLimits.boot(report.token_id));
  const token = await deps.findEnrollmentToken(report.token_id);
  if (!token || token.botId !== botId || token.generation !== report.generation) throw refuse('unauthenticated');
  const verified = token.bootKey !== null;
  if (token.bootKey !== null && !isGenuine(report, token.bootKey)) throw refuse('unauthenticated');
  await deps.saveFirstBootStage({ ...row, verified });
  if (verified) await tellFailure(deps, row);
}

function isGenuine({ mac, ...value }: BootReport, key: string): boolean {
  return mac !== undefined && macMatchesUnder(mac, { key, value: JsonObject.parse(value) });
}

const tellFailure = async (deps: RecordBootDeps, row: BootStageRow): Promise<void> => {
  if (row.error !== null) await deps.tellBootFailed(row);
};

const wrongGeneration = (): DomainError =>
  new DomainError('invalid-request', 'The report is about another machine.', {
    issues: [{ path: 'generation', message: 'is not the generation of the credential' }],
  });
