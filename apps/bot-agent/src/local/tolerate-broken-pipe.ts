import type { Writable } from 'node:stream';

/**
 * Whoever read our output may have heard enough (`… --help | head -1`): the rest is written to nobody, and what was
 * done stays done. Every other failure to write is thrown on.
 */
export function tolerateBrokenPipe(output: Writable): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
