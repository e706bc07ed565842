import { DomainError } from '@trawling/contracts';

export interface ReadAgentFileDeps {
  findAgentFile: (sha256: string) => Promise<Buffer | null>;
}

/** Builds in use at the same time: the current one and the one before it while a fleet moves over. */
const MAX_FILES = 3;

/**
 * Reads agent files, each once: a file under its digest never changes, and a fleet that starts at the same time shares
 * one copy in memory. Throws agent-build-not-found, which is not remembered.
 */
export function createAgentFileCache(deps: ReadAgentFileDeps): (sha256: string) => Promise<Buffer> {
  const files = new Map<string, Promise<Buffer>>();

  const read = async (sha256: string): Promise<Buffer> => {
    const content = await deps.findAgentFile(sha256);
    if (content === null) throw new DomainError('agent-build-not-found', `There is no agent build ${sha256}.`);
    return content;
  };

  return (sha256) => {
    const file = files.get(sha256) ?? read(sha256);
    files.delete(sha256);
    files.set(sha256, file);
    const [oldest] = files.keys();
    if (files.size > MAX_FILES && oldest !== undefined) files.delete(oldest);
    file.catch(() => files.delete(sha256));
    return file;
  };
}
