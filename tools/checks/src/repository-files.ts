import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(__dirname, '../../..');

const notOurs = new Set(['node_modules', '.git', '.nx', '.state', 'dist', 'dist-types', 'generated', 'coverage']);

/** Every file somebody wrote, relative to the repository. Asks the folder, not git: an archive is a checkout too. */
export function repositoryFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (notOurs.has(entry.name) || entry.name === '.env') return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return repositoryFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8');
