import { AckError, AckOutcome, BotStatus, type BotSummary, type BotView, EventSeverity, Labels, type LastAck } from '@trawling/contracts';
import type { BotAlert, BotOverview, MachineOverview } from '@trawling/database';
import { driftedPaths, syncStatus } from '@trawling/domain';
import { z } from 'zod';
import { storedSettings } from './bot-settings-input.js';
import { machineView } from './machine-view.js';

type StoredAck = { version: number; outcome: string; error: unknown; receivedAt: Date };

/** A verdict as the API shows it. */
export function lastAck(ack: StoredAck | null): z.infer<typeof LastAck> | null {
  if (!ack) return null;
  return {
    version: ack.version,
    outcome: AckOutcome.parse(ack.outcome),
    error: AckError.nullable().parse(ack.error ?? null),
    received_at: ack.receivedAt.toISOString(),
  };
}

/** What a view takes from a heartbeat. A status of another release may lack a part of it, which is then not shown. */
const { health: Health, applied_version: AppliedVersion, drift: Drift, spool: Spool, clock_offset_ms: ClockOffset } = BotStatus.shape;
const Told = z.object({
  health: Health.nullable().catch(null),
  applied_version: AppliedVersion.catch(null),
  drift: Drift.catch(null),
  spool: Spool.nullable().default(null).catch(null),
  clock_offset_ms: ClockOffset.nullable().default(null).catch(null),
});
const NOTHING_TOLD: z.output<typeof Told> = { health: null, applied_version: null, drift: null, spool: null, clock_offset_ms: null };

const told = (bot: BotOverview): z.output<typeof Told> => Told.safeParse(bot.status).data ?? NOTHING_TOLD;
const driftOf = (bot: BotOverview): readonly string[] => driftedPaths(told(bot), bot.desired_version);

/** The part that lists show as well. */
export function botSummary(bot: BotOverview): z.infer<typeof BotSummary> {
  const sync = syncOf(bot);
  return {
    id: bot.id,
    owner_id: bot.owner_id,
    name: storedSettings(bot.settings).name,
    labels: Labels.parse(bot.labels),
    desired_version: bot.desired_version,
    applied_version: bot.applied_version,
    sync_status: sync.status,
    sync_message: sync.message,
    online: bot.online,
    trading: bot.paused ? 'paused' : bot.trading_held ? 'held' : 'active',
    created_at: bot.created_at.toISOString(),
  };
}

/** The bot's sync status, from all it has told. */
export const syncOf = (bot: BotOverview): ReturnType<typeof syncStatus> =>
  syncStatus({
    desired: { version: bot.desired_version, hash: bot.desired_hash },
    reported: {
      appliedVersion: bot.applied_version,
      appliedHash: bot.applied_hash,
      highestVersion: bot.highest_version,
      driftedPaths: driftOf(bot),
    },
    ack: ackOf(bot),
  });

/** The health the bot told last; null before its first heartbeat. */
export const healthOf = (bot: BotOverview): BotView['health'] => told(bot).health;

/** In one screen what an owner asks: desired, applied, sync status, online, machine with reason and next step. */
export function botView(input: {
  bot: BotOverview;
  machine: MachineOverview | null;
  oldMachines: readonly MachineOverview[];
  secrets: readonly { name: string; version: number }[];
  alerts: readonly BotAlert[];
}): BotView {
  const { bot, machine, oldMachines, secrets, alerts } = input;
  const machineBot = { decommissioning: bot.decommission_requested_at !== null, online: bot.online, paused: bot.paused };
  const { health, spool, clock_offset_ms } = told(bot);
  return {
    ...botSummary(bot),
    desired_hash: bot.desired_hash,
    last_ack: ackOf(bot),
    last_heartbeat_at: bot.last_heartbeat_at?.toISOString() ?? null,
    health,
    drifted_paths: [...driftOf(bot)],
    spool,
    clock_offset_ms,
    alerts: alerts.map(({ type, severity, message, timestamp }) => ({
      type,
      severity: EventSeverity.parse(severity),
      message,
      timestamp: timestamp.toISOString(),
    })),
    machine: machineView(machine, machineBot),
    old_machines: oldMachines.flatMap((old) => machineView(old, machineBot) ?? []),
    settings: storedSettings(bot.settings),
    secrets: secrets.map(({ name, version }) => ({ name, version })),
    updated_at: bot.updated_at.toISOString(),
    decommission_requested_at: bot.decommission_requested_at?.toISOString() ?? null,
    decommissioned_at: bot.decommissioned_at?.toISOString() ?? null,
  };
}

function ackOf(bot: BotOverview): z.infer<typeof LastAck> | null {
  if (bot.ack_version === null || bot.ack_outcome === null || bot.ack_received_at === null) return null;
  return lastAck({ version: bot.ack_version, outcome: bot.ack_outcome, error: bot.ack_error, receivedAt: bot.ack_received_at });
}
