import { BotSettings, EnrollRequest, X25519PublicJwk, type BotConfigPayload, type BotSettingsInput, type Ed25519PublicJwk } from '@trawling/contracts';
import { generateEd25519, generateX25519, jwkThumbprint, sealSecret, signConfig, signKeySet, tokenMacKey, verifyEnrollRequest } from '@trawling/crypto';
import { notify, type Change, type Database } from '@trawling/database';
import { canonicalJson, generateBotConfig, sha256Of } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import { decideRotations } from './decide-rotations.js';

export const AGENT_FILE = Buffer.from('// the agent\n');
export const AGENT_SHA256 = sha256Of(AGENT_FILE);

/** A token as it reaches a machine, and what only the control plane keeps of it. */
export interface IssuedToken {
  id: string;
  secret: string;
}

/** Does something and waits until the sync-adapter has heard of it: what comes after must know it. */
export type UntilHeard = <T>(botId: string, act: () => Promise<T>) => Promise<T>;

export type TestControlPlane = Awaited<ReturnType<typeof openTestControlPlane>>;

/**
 * Does to the database what the control plane does, with the real keys and rules: the sync-adapter under test relays
 * what is decided here. It decides enrollments only when told, so that a spec can look at what happens before.
 */
export async function openTestControlPlane(db: Database, untilHeard: UntilHeard) {
  const { prisma } = db;
  const root = generateEd25519();
  const signing = { kid: 'signing-1', ...generateEd25519() };
  const keySet = await signKeySet({
    keySet: { version: 1, issued_at: new Date().toISOString(), keys: [{ kid: signing.kid, jwk: signing.publicJwk }] },
    rootPrivateJwk: root.privateJwk,
  });
  const { publicJwk: tokenSealingJwk } = generateX25519();
  await prisma.installation.create({
    data: { id: uuid7(), queueBackend: 'postgres', rootPublicJwk: root.publicJwk, tokenSealingJwk, keySet },
  });
  await prisma.agentBuild.create({ data: { sha256: AGENT_SHA256, version: '1', content: new Uint8Array(AGENT_FILE) } });

  const tokens = new Map<string, string>();
  const rootPublicJwk: Ed25519PublicJwk = root.publicJwk;

  return {
    rootPublicJwk,
    /** What never leaves it. */
    privateKeys: { root: root.privateJwk, signing: signing.privateJwk },
    keySet,
    prisma,

    async createBot(input: { settings?: Partial<BotSettingsInput>; secrets?: string[] } = {}): Promise<string> {
      const id = uuid7();
      const settings = BotSettings.parse({ name: 'Test bot', ...input.settings });
      await prisma.bot.create({ data: { id, ownerId: 'owner', name: settings.name, settings, desiredVersion: 1 } });
      await prisma.machine.create({ data: { botId: id, generation: 1, driver: 'local', state: 'wanted', reason: 'created' } });
      await saveVersion(id, 1, settings, input.secrets ?? []);
      return id;
    },

    /** What a PATCH of the owner does: the next version, announced with its commit. */
    async changeBot(botId: string, input: { settings?: Partial<BotSettingsInput>; secrets?: string[] } = {}): Promise<BotConfigPayload> {
      const bot = await prisma.bot.findUniqueOrThrow({ where: { id: botId } });
      const settings = BotSettings.parse({ ...BotSettings.parse(bot.settings), ...input.settings });
      const payload = await saveVersion(botId, bot.desiredVersion + 1, settings, input.secrets ?? []);
      await untilHeard(botId, () =>
        db.transaction(async (tx) => {
          await tx.bot.update({ where: { id: botId }, data: { settings, desiredVersion: bot.desiredVersion + 1 } });
          await notify(tx, { topic: 'config', ids: [botId] });
        }),
      );
      return payload;
    },

    async issueToken(botId: string, generation = 1, { withBootKey = true } = {}): Promise<IssuedToken> {
      const token = { id: uuid7(), secret: randomBytes(32).toString('base64url') };
      tokens.set(token.id, token.secret);
      const expiresAt = new Date(Date.now() + 3_600_000);
      const bootKey = withBootKey ? tokenMacKey({ tokenSecret: token.secret, tokenId: token.id, purpose: 'boot' }) : null;
      await prisma.enrollmentToken.create({ data: { id: token.id, botId, generation, sealedSecret: 'sealed', bootKey, expiresAt } });
      return token;
    },

    decideEnrollments,
    decideRotations: () => decideRotations(db),
    /** Decides everything that waits; answers how many it was. */
    decideAll: async (): Promise<number> => (await decideEnrollments()) + (await decideRotations(db)),

    async sealSecret(credentialId: string, secret: { name: string; version: number; value: string }): Promise<void> {
      const { botId, sealingJwk } = await prisma.botCredential.findUniqueOrThrow({ where: { id: credentialId } });
      const jwe = await sealSecret({
        payload: { bot_id: botId, ...secret },
        kid: signing.kid,
        signingPrivateJwk: signing.privateJwk,
        sealingJwk: X25519PublicJwk.parse(sealingJwk),
      });
      await prisma.sealedSecret.create({ data: { botId, credentialId, name: secret.name, version: secret.version, jwe } });
    },

    async revoke(credentialId: string, revokedReason: string): Promise<void> {
      const { botId } = await prisma.botCredential.findUniqueOrThrow({ where: { id: credentialId } });
      await untilHeard(botId, () =>
        db.transaction(async (tx) => {
          await tx.botCredential.update({ where: { id: credentialId }, data: { revokedAt: new Date(), revokedReason } });
          await notify(tx, { topic: 'credential', ids: [botId] });
        }),
      );
    },
    decommission: (botId: string) => changeFence(botId, { decommissionRequestedAt: new Date() }),
    wantGeneration: (botId: string, machineGeneration: number) => changeFence(botId, { machineGeneration }),

    /** Says that something may be different. */
    tell: (change: Change) => untilHeard(change.ids?.[0] ?? 'everything', () => notify(prisma, change)),
  };

  async function changeFence(botId: string, data: { decommissionRequestedAt: Date } | { machineGeneration: number }): Promise<void> {
    await untilHeard(botId, () =>
      db.transaction(async (tx) => {
        await tx.bot.update({ where: { id: botId }, data });
        await notify(tx, { topic: 'credential', ids: [botId] });
      }),
    );
  }

  async function saveVersion(botId: string, version: number, settings: BotSettings, secrets: string[]): Promise<BotConfigPayload> {
    const issuedAt = new Date();
    const payload = generateBotConfig({
      settings,
      context: {
        botId, version, issuedAt, paused: false, holdTrading: false,
        secrets: secrets.map((name) => ({ name, version: 1 })),
        runtime: { openclaw_version: '2026.9.6', agent_sha256: AGENT_SHA256 },
      },
    });
    const { hash } = payload;
    await prisma.configVersion.create({
      data: { botId, version, hash, payload: canonicalJson(payload), settings, paused: false, reason: 'test', createdBy: 'test', issuedAt },
    });
    const signed = { bot_id: botId, version: payload.version, hash, issued_at: payload.issued_at };
    const jws = await signConfig({ payload: signed, kid: signing.kid, privateJwk: signing.privateJwk });
    await prisma.configSignature.create({ data: { botId, version, kid: signing.kid, jws } });
    return payload;
  }

  async function decideEnrollments(): Promise<number> {
    const pending = await prisma.enrollmentRequest.findMany({ where: { state: 'pending' } });
    for (const row of pending) await decide(row.id, row.botId, EnrollRequest.parse(row.request));
    return pending.length;
  }

  async function decide(id: string, botId: string, request: EnrollRequest): Promise<void> {
    const tokenSecret = tokens.get(request.token_id) ?? '';
    const verified = await verifyEnrollRequest({ request, tokenSecret });
    const usedBy = jwkThumbprint(request.identity_key);
    await db.transaction(async (tx) => {
      const token = await tx.enrollmentToken.findUniqueOrThrow({ where: { id: request.token_id } });
      const refusal = verified !== true ? 'enrollment-refused' : token.usedBy !== null && token.usedBy !== usedBy ? 'enrollment-token-used' : null;
      if (refusal === null && token.usedBy === null) {
        await tx.enrollmentToken.update({ where: { id: token.id }, data: { usedAt: new Date(), usedBy } });
        await tx.botCredential.create({
          data: {
            id: request.credential_id, botId, generation: request.generation, secretHash: request.credential_hash,
            identityJwk: request.identity_key, sealingJwk: request.sealing_key,
          },
        });
      }
      const verdict = refusal === null ? { state: 'accepted' } : { state: 'refused', code: refusal, reason: 'as decided' };
      await tx.enrollmentRequest.update({ where: { id }, data: { ...verdict, decidedAt: new Date() } });
      await notify(tx, { topic: 'enrollment_decided', ids: [botId] });
    });
  }
}
