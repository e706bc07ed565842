import type { BotSettings, Labels, VersionReason } from '@trawling/contracts';
import type { z } from 'zod';
import { type Prisma } from '../generated/prisma/client.js';
import { deleteSealedForRevoked } from './bot-secret.store.js';

type Tx = Prisma.TransactionClient;

/** What an owner asked for, as the control plane changes it. `settings` is what was stored: parse it before use. */
export type DesiredBot = Prisma.BotGetPayload<object>;
export type ConfigVersionRow = Prisma.ConfigVersionGetPayload<object>;

export type NewConfigVersion = {
  botId: string;
  version: number;
  hash: string;
  /** Canonical text, served byte for byte. */
  payload: string;
  settings: BotSettings;
  paused: boolean;
  reason: VersionReason;
  createdBy: string;
  issuedAt: Date;
};

/** The bot's row, locked until the transaction ends: every change of a bot takes its turn here. */
export async function lockBot(tx: Tx, botId: string): Promise<DesiredBot | null> {
  await tx.$queryRaw`SELECT 1 FROM bot WHERE id = ${botId}::uuid FOR UPDATE`;
  return tx.bot.findUnique({ where: { id: botId } });
}

/** The bot's row without a lock. */
export async function findBot(tx: Tx, botId: string): Promise<DesiredBot | null> {
  return tx.bot.findUnique({ where: { id: botId } });
}

/** The highest config version the bot ever spoke of, in whatever message; null before its first one. */
export async function highestReportedVersion(tx: Tx, botId: string): Promise<number | null> {
  const reported = await tx.botReported.findUnique({ where: { botId } });
  const spoken = [reported?.highestVersion, reported?.appliedVersion, reported?.lastSeenVersion].filter((version) => typeof version === 'number');
  return spoken.length === 0 ? null : Math.max(...spoken);
}

/** Bot, and the row that says its first machine is wanted. Its first version is saved with `saveConfigVersion`. */
export async function insertBot(
  tx: Tx,
  bot: { id: string; ownerId: string; name: string; labels: z.infer<typeof Labels>; settings: BotSettings; at: Date },
): Promise<void> {
  const { at, settings, ...columns } = bot;
  await tx.bot.create({
    data: { ...columns, settings: json(settings), desiredVersion: 1, createdAt: at, updatedAt: at },
  });
}

/** Intent for one machine generation. The provisioner takes it from here and names its own driver. */
export async function insertWantedMachine(tx: Tx, machine: { botId: string; generation: number; reason: string }): Promise<void> {
  await tx.machine.create({ data: { ...machine, driver: 'unassigned', state: 'wanted' } });
}

/** One immutable snapshot and its signature. */
export async function insertConfigVersion(tx: Tx, row: NewConfigVersion, signature: { kid: string; jws: string }): Promise<void> {
  const { botId, version, hash, payload, settings, paused, reason, createdBy, issuedAt } = row;
  await tx.$executeRaw`
    WITH snapshot AS (
      INSERT INTO config_version (bot_id, version, hash, payload, settings, paused, reason, created_by, issued_at)
      VALUES (${botId}::uuid, ${version}, ${hash}, ${payload}, ${JSON.stringify(settings)}::jsonb, ${paused}, ${reason}, ${createdBy}, ${issuedAt})
      RETURNING bot_id, version
    )
    INSERT INTO config_signature (bot_id, version, kid, jws) SELECT bot_id, version, ${signature.kid}, ${signature.jws} FROM snapshot`;
}

/** Makes a stored version the desired one. */
export async function pointBotAt(
  tx: Tx,
  botId: string,
  to: { version: number; settings: BotSettings; paused: boolean; tradingHeld: boolean; at: Date },
): Promise<void> {
  await tx.bot.update({
    where: { id: botId },
    data: {
      desiredVersion: to.version,
      settings: json(to.settings),
      name: to.settings.name,
      paused: to.paused,
      tradingHeld: to.tradingHeld,
      updatedAt: to.at,
    },
  });
}

/** Labels are not part of a config: changing them makes no version. */
export async function saveLabels(tx: Tx, botId: string, labels: z.infer<typeof Labels>, at: Date): Promise<void> {
  await tx.bot.update({ where: { id: botId }, data: { labels, updatedAt: at } });
}

/** Wishes the bot away and takes its machines' right to talk to us. */
export async function requestDecommission(tx: Tx, botId: string, at: Date): Promise<void> {
  await tx.bot.update({ where: { id: botId }, data: { decommissionRequestedAt: at, updatedAt: at } });
  await tx.botCredential.updateMany({
    where: { botId, revokedAt: null },
    data: { revokedAt: at, revokedReason: 'decommissioned' },
  });
  await deleteSealedForRevoked(tx, botId);
}

export async function findConfigVersion(tx: Tx, botId: string, version: number): Promise<ConfigVersionRow | null> {
  return tx.configVersion.findUnique({ where: { botId_version: { botId, version } } });
}

/** The bot's verdict on one version, if it gave one. */
export async function findAck(tx: Tx, botId: string, version: number): Promise<Prisma.ConfigAckGetPayload<object> | null> {
  return tx.configAck.findUnique({ where: { botId_version: { botId, version } } });
}

/** Versions with their acks, newest first, below `before`. */
export async function listConfigVersions(tx: Tx, botId: string, page: { before: number | null; limit: number }) {
  const rows = await tx.configVersion.findMany({
    where: { botId, ...(page.before === null ? {} : { version: { lt: page.before } }) },
    omit: { payload: true, settings: true },
    orderBy: { version: 'desc' },
    take: page.limit,
  });
  const acks = await tx.configAck.findMany({ where: { botId, version: { in: rows.map((row) => row.version) } } });
  const ackOf = new Map(acks.map((ack) => [ack.version, ack]));
  return rows.map((row) => ({ ...row, ack: ackOf.get(row.version) ?? null }));
}

/** jsonb keeps what JSON keeps: members that are `undefined` are left out. */
function json(value: BotSettings): Prisma.InputJsonObject {
  const plain: Prisma.InputJsonObject = JSON.parse(JSON.stringify(value));
  return plain;
}
