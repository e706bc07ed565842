import type { Queryable } from '../queryable.js';

/** Agent files under their digest. */
export const agentFileStore = (db: Queryable) => ({
  /** The file, or null when there is no such build. `sha256` is `sha256:<hex>`. */
  async findAgentFile(sha256: string): Promise<Buffer | null> {
    const { rows } = await db.query<{ content: Buffer }>({
      name: 'find-agent-file',
      text: 'SELECT content FROM agent_build WHERE sha256 = $1',
      values: [sha256],
    });
    return rows[0]?.content ?? null;
  },
});
