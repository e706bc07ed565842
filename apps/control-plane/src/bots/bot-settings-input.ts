import { BotSettings, DomainError, type Issue } from '@trawling/contracts';
import { checkOpenclawExtras, isJsonObject, missingSecretWarnings, scheduleWarnings } from '@trawling/domain';

/** Stored settings as today's contract reads them: settings that were added since get their defaults. */
export const storedSettings = (settings: unknown): BotSettings => BotSettings.parse(settings);

/**
 * The owner's extra OpenClaw settings against the allow-list. Throws DomainError `openclaw-path-not-allowed` naming every path.
 */
export function checkExtras(extras: unknown): void {
  if (!isJsonObject(extras)) return;
  const { denied } = checkOpenclawExtras(extras);
  if (denied.length === 0) return;
  const paths = denied.map((issue) => issue.path).join(', ');
  throw new DomainError('openclaw-path-not-allowed', `Not allowed: ${paths}`, { issues: denied });
}

/** What was accepted, but may not do what the owner expects: the bot's own OpenClaw has the last word. */
export function settingsWarnings(settings: BotSettings, secrets: readonly { name: string }[]): Issue[] {
  return [...checkOpenclawExtras(settings.openclaw).warnings, ...missingSecretWarnings(settings, secrets), ...scheduleWarnings(settings)];
}

/** Runs a check of a part of the body and puts that part's path before the paths of its issues. */
export function within<T>(prefix: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof DomainError) || !Array.isArray(error.extensions['issues'])) throw error;
    const issues = error.extensions['issues'].map((issue: Issue) => ({ ...issue, path: `${prefix}.${issue.path}` }));
    throw new DomainError(error.code, error.message, { ...error.extensions, issues });
  }
}
