import { copyFileSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Whether a path of the context, with forward slashes, stays out of it. */
export type Ignore = (path: string) => boolean;

/** Of .dockerignore the two forms we use: a path from the root, and `**` + `/name` for a name anywhere. */
export function readIgnore(file: string): Ignore {
  const patterns = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const expressions = patterns.map((pattern) => {
    const anywhere = pattern.startsWith('**/');
    const name = (anywhere ? pattern.slice(3) : pattern).replaceAll('.', '\\.').replaceAll('*', '[^/]*');
    return new RegExp(`${anywhere ? '(?:^|/)' : '^'}${name}(?:/|$)`);
  });
  return (path) => expressions.some((expression) => expression.test(path));
}

/**
 * Copies a file or a folder's content, symbolic links as they are. What lies in a node_modules becomes a hard link: nobody
 * writes there, and copying hundreds of megabytes would take longer than everything else.
 */
export function copyTree(from: string, to: string, ignore: Ignore = () => false, root = from): void {
  const stat = lstatSync(from);
  if (stat.isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) {
      const source = join(from, name);
      if (!ignore(relative(root, source))) copyTree(source, join(to, name), ignore, root);
    }
    return;
  }
  mkdirSync(dirname(to), { recursive: true });
  rmSync(to, { force: true });
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (from.includes('/node_modules/')) linkOrCopy(from, to);
  else if (stat.isFile()) copyFileSync(from, to);
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

/** COPY: several sources or a destination with a slash at its end mean "into the folder". A folder gives its content. */
export function copyInto(sources: readonly string[], destination: string, intoFolder: boolean, ignore?: Ignore): void {
  for (const source of sources) {
    const isFolder = lstatSync(source).isDirectory();
    copyTree(source, !isFolder && intoFolder ? join(destination, basename(source)) : destination, ignore);
  }
}
