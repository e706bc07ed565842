import { DomainError, type BotStatus, type HeartbeatResponse } from '@trawling/contracts';
import { RefusedDataError, type DesiredSummaryRow, type HeartbeatRow, type HeartbeatVerdict } from '@trawling/database';
import { leaseSeconds } from '@trawling/domain';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import { type TellNoticed } from './tell-noticed.js';

export interface RecordHeartbeatDeps {
  /** May be a few seconds old. */
  findDesiredSummary: (botId: string) => Promise<DesiredSummaryRow | null>;
  /** From the database. */
  readDesiredSummary: (botId: string) => Promise<DesiredSummaryRow | null>;
  /** Renews the lease by the database's clock, whatever else it does; resolves after the commit. */
  saveHeartbeat: (row: HeartbeatRow) => Promise<HeartbeatVerdict>;
  tellNoticed: TellNoticed;
  now: () => Date;
}

/** A version this far above the newest is a mistake, not a restored database; taking it would use up the numbers. */
const MAX_VERSIONS_AHEAD = 10_000;

/**
 * Stores the status and renews the lease, then says whether there is something newer to fetch: config-update-available
 * (409) is an answer, not a failure, so it is thrown only after the heartbeat is stored. `sent_at` may be as wrong as the
 * bot's clock: the answer's `server_time` corrects it.
 */
export async function recordHeartbeat(deps: RecordHeartbeatDeps, bot: CallingBot, status: BotStatus): Promise<HeartbeatResponse> {
  const lastSeenVersion = lastSeenVersionOf(status);
  const appliedVersion = versionNumber(status.applied_version);
  const highestVersion = Math.max(appliedVersion ?? 0, lastSeenVersion ?? 0) || null;
  const desired = await desiredSummary(deps, bot.botId, highestVersion ?? 0);

  const verdict = await save(deps, {
    botId: bot.botId,
    generation: bot.generation,
    bootId: status.boot_id,
    sequence: status.sequence,
    status,
    appliedVersion,
    appliedHash: status.applied_hash,
    lastSeenVersion,
    highestVersion,
    leaseSeconds: leaseSeconds(desired.heartbeatSeconds),
  });
  if (highestVersion !== null && highestVersion > desired.version) {
    await deps.tellNoticed(bot.botId, { type: 'state-regressed', desiredVersion: desired.version, reportedVersion: highestVersion });
  }
  if (verdict.isDuplicateIdentity) await deps.tellNoticed(bot.botId, { type: 'duplicate-identity', bootId: status.boot_id });
  return answerOf(deps.now(), desired, lastSeenVersion);
}

/** Looks again, in the database, before it believes that a bot is ahead of us: memory may be behind by a few seconds. */
async function desiredSummary(deps: RecordHeartbeatDeps, botId: string, highestVersion: number): Promise<DesiredSummaryRow> {
  const known = await deps.findDesiredSummary(botId);
  const desired = known && highestVersion > known.version ? await deps.readDesiredSummary(botId) : known;
  if (!desired) throw new DomainError('bot-not-found', 'There is no config for this bot.');
  if (highestVersion > desired.version + MAX_VERSIONS_AHEAD) {
    const message = `is more than ${MAX_VERSIONS_AHEAD} above the newest version, ${desired.version}`;
    throw new DomainError('invalid-request', `A version ${message}.`, { issues: [{ path: 'last_seen_version', message }] });
  }
  return desired;
}

async function save(deps: RecordHeartbeatDeps, row: HeartbeatRow): Promise<HeartbeatVerdict> {
  try {
    return await deps.saveHeartbeat(row);
  } catch (error) {
    if (error instanceof RefusedDataError) throw new DomainError('invalid-request', 'The database cannot keep this status.');
    throw error;
  }
}

function answerOf(now: Date, desired: DesiredSummaryRow, lastSeenVersion: number | null): HeartbeatResponse {
  const answer = { server_time: now.toISOString(), next_heartbeat_seconds: desired.heartbeatSeconds };
  if (desired.version <= (lastSeenVersion ?? 0)) return answer;
  throw new DomainError('config-update-available', `Version ${desired.version} is there: fetch it.`, {
    desired_version: String(desired.version),
    desired_hash: desired.hash,
    ...answer,
  });
}

/** The newest version the agent has fetched, whatever came of it, so that a failed one makes no hot loop. */
export function lastSeenVersionOf(status: Pick<BotStatus, 'last_seen_version' | 'applied_version'>): number | null {
  return versionNumber(status.last_seen_version ?? status.applied_version);
}

const versionNumber = (version: string | null): number | null => (version === null ? null : Number(version));
