import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of one spec file, removed when its tests are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-launcher-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
