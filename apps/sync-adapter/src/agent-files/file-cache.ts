import { type DomainError } from '@trawling/contracts';

export interface FileCacheDeps {
  /** Null when there is no file with that digest. */
  find: (sha256: string) => Promise<Buffer | null>;
  /** What is thrown then. */
  missing: (sha256: string) => DomainError;
}

/** Files of one kind in use at the same time: the current one and the one before it while a fleet moves over. */
const MAX_FILES = 3;

/**
 * Reads files, each once: a file under its digest never changes, and a fleet that starts at the same time shares one copy
 * in memory. That there is none is not remembered.
 */
export function createFileCache(deps: FileCacheDeps): (sha256: string) => Promise<Buffer> {
  const files = new Map<string, Promise<Buffer>>();

  const read = async (sha256: string): Promise<Buffer> => {
    const content = await deps.find(sha256);
    if (content === null) throw deps.missing(sha256);
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
