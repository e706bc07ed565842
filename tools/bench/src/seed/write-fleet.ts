import { type Database } from '@trawling/database';
import { sha256Of } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { AGENT_FILE, type FleetKeys, type SeededBot } from './make-fleet.js';

const ROWS_AT_ONCE = 1_000;

/** Writes the installation row and the one agent build that payloads name. */
export async function writeInstallation(db: Database, keys: FleetKeys): Promise<void> {
  const { rootPublicJwk, tokenSealingJwk, keySetJws: keySet } = keys;
  await db.prisma.installation.create({ data: { id: uuid7(), queueBackend: 'postgres', rootPublicJwk, tokenSealingJwk, keySet } });
  await db.prisma.agentBuild.create({ data: { sha256: sha256Of(AGENT_FILE), version: '0', content: new Uint8Array(AGENT_FILE) } });
}

/** What create, provision and enroll leave behind for bots whose machines are up. */
export async function writeBots(db: Database, keys: FleetKeys, bots: readonly SeededBot[]): Promise<void> {
  const { prisma } = db;
  for (let start = 0; start < bots.length; start += ROWS_AT_ONCE) {
    const some = bots.slice(start, start + ROWS_AT_ONCE);
    await prisma.bot.createMany({
      data: some.map(({ id, settings }) => ({ id, ownerId: 'bench', name: settings.name, settings, desiredVersion: 1 })),
    });
    await prisma.machine.createMany({
      data: some.map(({ id }) => ({ botId: id, generation: 1, driver: 'local', state: 'online', reason: 'simulated' })),
    });
    await prisma.configVersion.createMany({
      data: some.map(({ id, settings, first }) => ({
        botId: id, version: 1, hash: first.payload.hash, payload: first.text, settings, paused: false,
        reason: 'created', createdBy: 'bench', issuedAt: first.payload.issued_at,
      })),
    });
    await prisma.configSignature.createMany({
      data: some.map(({ id, first }) => ({ botId: id, version: 1, kid: keys.kid, jws: first.jws })),
    });
    await prisma.botCredential.createMany({
      data: some.map((bot) => ({
        id: bot.credentialId, botId: bot.id, generation: 1, secretHash: bot.credentialHash,
        identityJwk: bot.identityJwk, sealingJwk: bot.sealingJwk,
      })),
    });
    // Every bot has spoken before: both sides of a comparison then update a row that is there.
    await prisma.botReported.createMany({ data: some.map(({ id }) => ({ botId: id, generation: 1 })) });
  }
  await db.pool.query('VACUUM ANALYZE');
}
