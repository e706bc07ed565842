import { BotConfigPayload, type BotSettings, DomainError, type VersionReason } from '@trawling/contracts';
import { signConfig } from '@trawling/crypto';
import {
  currentSecrets,
  findBot,
  findConfigVersion,
  insertConfigVersion,
  newestAgentBuild,
  notify,
  oldMachinesLeft,
  pointBotAt,
  type Transaction,
} from '@trawling/database';
import { canonicalJson, generateBotConfig } from '@trawling/domain';
import type { SigningKeySource } from '../installation/load-keys.js';
import type { Change } from './change.js';

/** The OpenClaw that every machine of this release runs. */
export const OPENCLAW_VERSION = '2026.9.6';

export type VersionDeps = { signingKey: SigningKeySource; newId: () => string };

type Wanted = {
  botId: string;
  version: number;
  settings: BotSettings;
  paused: boolean;
  /** Of a bot that this transaction made: there is nothing else of it to be looked up. */
  justMade?: { secrets: readonly { name: string; version: number }[] };
  /** Default: the newest agent build. A change that is not about settings leaves it as it is. */
  runtime?: BotConfigPayload['runtime'];
};

/**
 * The payload that today's generator makes of these settings. It does not trade while a machine of an older generation is
 * not confirmed gone: that is looked up each time, so that no version of whatever reason lets two machines trade. Throws
 * DomainError `unavailable` while no agent is published.
 */
export async function generateVersion(change: Change, wanted: Wanted): Promise<BotConfigPayload> {
  const { botId, version, settings, paused, justMade } = wanted;
  const runtime = wanted.runtime ?? (await newestRuntime(change.tx));
  const stored = justMade?.secrets ?? (await currentSecrets(change.tx, botId));
  const secrets = stored.map((secret) => ({ name: secret.name, version: secret.version }));
  const holdTrading = !justMade && (await oldMachinesLeft(change.tx, botId)).length > 0;
  const context = { botId, version, issuedAt: change.at, paused, holdTrading, secrets, runtime };
  return generateBotConfig({ settings, context });
}

async function newestRuntime(tx: Transaction): Promise<BotConfigPayload['runtime']> {
  const build = await newestAgentBuild(tx);
  if (!build) throw new DomainError('unavailable', 'There is no agent build published yet: run "admin publish-agent" first');
  return { openclaw_version: OPENCLAW_VERSION, agent_sha256: build.sha256 };
}

/** A stored snapshot. Throws DomainError `version-not-found`; old versions are not kept for ever. */
export async function storedVersion(tx: Transaction, botId: string, version: number) {
  const row = await findConfigVersion(tx, botId, version);
  if (!row) {
    const desired = (await findBot(tx, botId))?.desiredVersion ?? 0;
    throw new DomainError('version-not-found', `Bot ${botId} has no version ${version}${version < desired ? '; old ones are not kept for ever' : ''}`);
  }
  return { row, payload: BotConfigPayload.parse(JSON.parse(row.payload)) };
}

/**
 * Stores the snapshot with its signature, makes it the desired version and tells whoever listens, all with the
 * commit. The text is canonical, so that its bytes are what the hash was made of.
 */
export async function saveVersion(
  deps: VersionDeps,
  change: Change,
  version: { payload: BotConfigPayload; settings: BotSettings; paused: boolean; reason: VersionReason },
): Promise<void> {
  const { payload, settings, paused, reason } = version;
  const { bot_id, hash, issued_at } = payload;
  const number = Number(payload.version);
  const key = await deps.signingKey(change.tx);
  const jws = await signConfig({ payload: { bot_id, version: payload.version, hash, issued_at }, ...key });
  await insertConfigVersion(
    change.tx,
    {
      botId: bot_id,
      version: number,
      hash,
      payload: canonicalJson(payload),
      settings,
      paused,
      reason,
      createdBy: change.actor,
      issuedAt: change.at,
    },
    { kid: key.kid, jws },
  );
  // From the payload and not looked up again: what holds the bot may have gone meanwhile, the version stays as it was made.
  const tradingHeld = !paused && !payload.trading_params.trading_enabled;
  await pointBotAt(change.tx, bot_id, { version: number, settings, paused, tradingHeld, at: change.at });
  await notify(change.tx, { topic: 'config', ids: [bot_id] });
  change.log({ bot_id, config_version: number, reason }, 'a new config version is desired');
}
