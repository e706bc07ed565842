import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const FOLDER = join('tools', 'openclaw-runtime');

const Manifest = z.object({ dependencies: z.object({ openclaw: z.string() }) });

export type RuntimeManifest = {
  /** Holds package.json and package-lock.json. */
  folder: string;
  openclawVersion: string;
  /** Of both files: another lock is another installation. */
  digest: string;
};

/** Reads what is pinned. Without `folder`: `tools/openclaw-runtime` of the checkout that `from` lies in. */
export async function readRuntimeManifest(options: { folder?: string; from?: string } = {}): Promise<RuntimeManifest> {
  const folder = options.folder ?? findManifestFolder(options.from ?? __dirname);
  const [manifest, lock] = await Promise.all([
    readFile(join(folder, 'package.json')),
    readFile(join(folder, 'package-lock.json')),
  ]);
  return {
    folder,
    openclawVersion: Manifest.parse(JSON.parse(manifest.toString('utf8'))).dependencies.openclaw,
    digest: createHash('sha256').update(manifest).update(lock).digest('hex').slice(0, 16),
  };
}

/** `tools/openclaw-runtime` of the checkout, or of the image, that `from` lies in. */
export function findManifestFolder(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, FOLDER, 'package-lock.json'))) return join(folder, FOLDER);
    if (dirname(folder) === folder) throw new Error(`No ${FOLDER}/package-lock.json above ${from}`);
  }
}
