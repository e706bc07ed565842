import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder of its own for each test of the file. */
export function temporaryFolder(): { path(name?: string): string } {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bot-agent-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  return { path: (name = '') => join(dir, name) };
}
