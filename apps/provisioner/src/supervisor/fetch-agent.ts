import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { backoffMs, type Clock, isErrorWithCode, type Logger } from '@trawling/runtime';
import { replacePrivate } from '../local/machine-folder.js';

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;

export type FetchAgentDeps = { clock: Clock; random: () => number; logger: Logger; fetch: typeof fetch };

/**
 * Puts the agent's file at `path`, once it has the digest this machine was told at its making; tries until it has it or
 * `signal` aborts. True when the file is there.
 */
export async function fetchAgent(
  deps: FetchAgentDeps,
  input: { path: string; syncAdapterUrl: string; sha256: string; onTrouble: (reason: string) => Promise<void> },
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    if ((await digestOfFile(input.path)) === input.sha256) return true;
    const trouble = await download(deps, input, signal);
    if (trouble === null) continue;
    deps.logger.warn({ attempt }, trouble);
    await input.onTrouble(trouble);
    await deps.clock.sleep(backoffMs({ attempt, baseMs: 500, maxMs: 15_000, random: deps.random }), signal);
  }
  return false;
}

/** What went wrong, as a sentence; null when the file was written. */
async function download(
  deps: FetchAgentDeps,
  input: { path: string; syncAdapterUrl: string; sha256: string },
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const url = `${input.syncAdapterUrl.replace(/\/+$/, '')}/agent/${input.sha256}`;
    const response = await deps.fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]), redirect: 'error' });
    if (!response.ok) return `The agent cannot be downloaded: the sync-adapter answers ${response.status}`;
    const content = Buffer.from(await response.arrayBuffer());
    if (content.length > MAX_BYTES) return 'The downloaded agent is too large';
    if (digest(content) !== input.sha256) return 'The downloaded agent does not have the digest this machine was told';
    await replacePrivate(input.path, content);
    return null;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : '';
    return `The agent cannot be downloaded: ${error instanceof Error ? error.message : String(error)}${cause ? ` (${cause})` : ''}`;
  }
}

async function digestOfFile(path: string): Promise<string | null> {
  try {
    return digest(await readFile(path));
  } catch (error) {
    if (isErrorWithCode(error, 'ENOENT')) return null;
    throw error;
  }
}

const digest = (content: Buffer): string => `sha256:${createHash('sha256').update(content).digest('hex')}`;
