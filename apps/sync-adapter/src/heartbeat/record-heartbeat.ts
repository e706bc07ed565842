import { DomainError, type BotStatus, type HeartbeatResponse } from '@trawling/contracts';
import type { DesiredSummaryRow, HeartbeatRow } from '@trawling/database';
import { leaseSeconds } from '@trawling/domain';
import type { CallingBot } from '../authentication/authenticate-bot.js';

export interface RecordHeartbeatDeps {
  findDesiredSummary: (botId: string) => Promise<DesiredSummaryRow | null>;
  /** Renews the lease by the database's clock, whatever else it does. */
  saveHeartbeat: (row: HeartbeatRow) => Promise<void>;
  now: () => Date;
}

/**
 * Stores the status and renews the lease, then says whether there is something newer to fetch: config-update-available
 * (409) is an answer, not a failure, so it is thrown only after the heartbeat is stored.
 */
export async function recordHeartbeat(deps: RecordHeartbeatDeps, bot: CallingBot, status: BotStatus): Promise<HeartbeatResponse> {
  const desired = await deps.findDesiredSummary(bot.botId);
  if (!desired) throw new DomainError('bot-not-found', 'There is no config for this bot.');

  const lastSeen = lastSeenVersion(status);
  await deps.saveHeartbeat({
    botId: bot.botId,
    generation: bot.generation,
    bootId: status.boot_id,
    sequence: status.sequence,
    status,
    appliedVersion: versionNumber(status.applied_version),
    appliedHash: status.applied_hash,
    lastSeenVersion: lastSeen,
    leaseSeconds: leaseSeconds(desired.heartbeatSeconds),
  });

  const answer: HeartbeatResponse = {
    server_time: deps.now().toISOString(),
    next_heartbeat_seconds: desired.heartbeatSeconds,
  };
  if (desired.version > (lastSeen ?? 0)) {
    throw new DomainError('config-update-available', `Version ${desired.version} is there: fetch it.`, {
      desired_version: String(desired.version),
      desired_hash: desired.hash,
      ...answer,
    });
  }
  return answer;
}

/** The newest version the agent has fetched, whatever came of it, so that a failed one makes no hot loop. */
export function lastSeenVersion(status: Pick<BotStatus, 'last_seen_version' | 'applied_version'>): number | null {
  return versionNumber(status.last_seen_version ?? status.applied_version);
}

const versionNumber = (version: string | null): number | null => (version === null ? null : Number(version));
