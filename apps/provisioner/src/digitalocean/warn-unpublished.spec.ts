import { openclawLockStore, openDatabase, publishAgentBuild, publishOpenclawLock } from '@trawling/database';
import { createTestDatabase } from '@trawling/database/testing';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { warnUnpublished } from './warn-unpublished.js';

it('what machines are made of is missed at the provisioner’s start, until it is published', async () => {
  const test = await createTestDatabase();
  const [owner, provisioner] = await Promise.all([openDatabase({ url: test.url }), openDatabase({ url: test.roleUrl('trawling_provisioner') })]);
  const warnings = async (): Promise<string> => {
    const { logger, lines } = createMemoryLogger();
    await warnUnpublished(openclawLockStore(provisioner.pool), logger);
    return JSON.stringify(lines().map(({ msg }) => msg));
  };
  try {
    expect(await warnings()).toMatch(/publish-agent.*publish-openclaw/);

    await owner.prisma.$transaction(async (tx) => {
      await publishAgentBuild(tx, { sha256: `sha256:${'a'.repeat(64)}`, version: '1.0.0', content: new Uint8Array(1), at: new Date() });
      await publishOpenclawLock(tx, { sha256: `sha256:${'b'.repeat(64)}`, openclawVersion: '2026.9.6', packages: {}, content: new Uint8Array(1), at: new Date() });
    });
    expect(await warnings()).toBe('[]');
  } finally {
    await Promise.all([owner.close(), provisioner.close()]);
    await test.close();
  }
});
