import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** The build that new config versions name: the one published last. */
export async function newestAgentBuild(tx: Tx): Promise<{ sha256: string; version: string } | null> {
  return tx.agentBuild.findFirst({ orderBy: { createdAt: 'desc' }, select: { sha256: true, version: true } });
}

/** Publishing a build that is already there makes it the newest again. */
export async function publishAgentBuild(
  tx: Tx,
  build: { sha256: string; version: string; content: Uint8Array<ArrayBuffer>; at: Date },
): Promise<void> {
  const { at, sha256, ...rest } = build;
  await tx.agentBuild.upsert({
    where: { sha256 },
    create: { sha256, ...rest, createdAt: at },
    update: { version: build.version, createdAt: at },
  });
}
