import { DomainError } from '@trawling/contracts';

export interface OpenAgentFileDeps {
  findAgentFileSize: (sha256: string) => Promise<number | null>;
  readAgentFile: (sha256: string, size: number) => AsyncIterable<Buffer>;
}

export interface AgentFile {
  sha256: string;
  /** Bytes. */
  size: number;
  chunks: () => AsyncIterable<Buffer>;
}

/** An agent build under its digest. Old builds stay while anything names them. Throws agent-build-not-found. */
export async function openAgentFile(deps: OpenAgentFileDeps, sha256: string): Promise<AgentFile> {
  const size = await deps.findAgentFileSize(sha256);
  if (size === null) throw new DomainError('agent-build-not-found', `There is no agent build ${sha256}.`);
  return { sha256, size, chunks: () => deps.readAgentFile(sha256, size) };
}
