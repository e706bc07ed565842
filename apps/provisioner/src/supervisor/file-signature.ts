import { statSync } from 'node:fs';

/** Text that changes whenever the file is replaced or written; `absent` when there is none. */
export function fileSignature(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.mtimeMs}:${stat.size}` : 'absent';
}
