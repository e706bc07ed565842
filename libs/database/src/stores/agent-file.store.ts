import type { Queryable } from '../queryable.js';

const CHUNK_BYTES = 262_144;

/** Serves agent files under their digest; content never changes, so nothing has to be locked between chunks. */
export const agentFileStore = (db: Queryable) => ({
  /** Size in bytes, or null when there is no such build. `sha256` is `sha256:<hex>`. */
  async findAgentFileSize(sha256: string): Promise<number | null> {
    const { rows } = await db.query<{ size: number }>({
      name: 'find-agent-file-size',
      text: 'SELECT length(content) AS size FROM agent_build WHERE sha256 = $1',
      values: [sha256],
    });
    return rows[0]?.size ?? null;
  },

  /** The file in chunks of 256 KiB, so that many machines starting at once cost little memory. */
  async *readAgentFile(sha256: string, size: number): AsyncGenerator<Buffer> {
    for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
      const { rows } = await db.query<{ chunk: Buffer }>({
        name: 'read-agent-file-chunk',
        text: 'SELECT substring(content FROM $2 FOR $3) AS chunk FROM agent_build WHERE sha256 = $1',
        values: [sha256, offset + 1, CHUNK_BYTES],
      });
      const chunk = rows[0]?.chunk;
      if (!chunk) throw new Error(`agent build ${sha256} vanished while it was read`);
      yield chunk;
    }
  },
});
