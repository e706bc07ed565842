import type { BotEvent } from '@trawling/contracts';
import { exclusively, findPresenceChanges, type PresenceChange, savePresence, type Transaction } from '@trawling/database';
import { silenceVerdict } from '@trawling/domain';
import type { Logger } from '@trawling/runtime';

export type SweepPresenceDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  newId: () => string;
  logger: Logger;
};

/** Most bots whose presence changes in one sweep; the rest comes with the next one. */
const BATCH = 2_000;

/**
 * Says once of each bot that it came or went, as an event. A fleet that falls silent at once is given one more lease
 * (see `silenceVerdict`) and told of once in the log. The sweep remembers between calls only whether it has told.
 */
export function createPresenceSweep(deps: SweepPresenceDeps): () => Promise<void> {
  let told = false;
  return async () => {
    const swept = await deps.transaction((tx) => exclusively(tx, 'presence', () => sweep(deps, tx)));
    if (!swept) return;
    const { held, silent, online } = swept;
    if (held && !told) {
      deps.logger.warn({ event: 'fleet-silent', silent, online }, 'more than half of the fleet fell silent within one lease: nobody is called offline for one more lease');
    }
    told = held;
  };
}

async function sweep(deps: SweepPresenceDeps, tx: Transaction): Promise<{ held: boolean; silent: number; online: number }> {
  const { changes, online, calledOffline, now } = await findPresenceChanges(tx);
  const leaving = changes.filter((change) => !change.online && change.decommissioning);
  const silent = changes.filter((change) => !change.online && !change.decommissioning);
  const verdict = silenceVerdict({
    silent: silent.map(({ botId, leaseExpiresAt, leaseMs }) => ({ botId, leaseExpiresAt: leaseExpiresAt ?? new Date(0), leaseMs })),
    online,
    calledOffline,
    now,
  });
  const offline = new Set(verdict.offline);
  const said = [...changes.filter((change) => change.online), ...leaving, ...silent.filter(({ botId }) => offline.has(botId))].slice(0, BATCH);
  await savePresence(tx, said.map((change) => ({
    botId: change.botId,
    online: change.online,
    event: change.decommissioning ? null : presenceEvent(change, { id: deps.newId(), now }),
  })));
  for (const { botId, online: isOnline } of said) deps.logger.info({ bot_id: botId }, isOnline ? 'the bot is online' : 'the bot is offline');
  return { held: verdict.held, silent: silent.length, online };
}

function presenceEvent({ online, lastHeartbeatAt }: PresenceChange, { id, now }: { id: string; now: Date }): BotEvent {
  const last = lastHeartbeatAt?.toISOString() ?? null;
  return {
    id,
    type: online ? 'bot-online' : 'bot-offline',
    timestamp: now.toISOString(),
    severity: online ? 'info' : 'warning',
    message: online ? 'The bot reports' : `The bot is silent: its last heartbeat came at ${last ?? 'no known time'}`,
    data: { last_heartbeat_at: last },
  };
}
