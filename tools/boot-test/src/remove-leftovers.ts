import { existsSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endCgroup } from './machine/own-mounts.js';

/** Followed by the pid of the run: of its folder, its cgroup and its machine. */
export const RUN_PREFIX = 'trawling-boot-';

/** Names of the runs, with what a run's folder has after its name cut off. */
const runName = new RegExp(`^${RUN_PREFIX}(\\d+)-[0-9a-f]{6}`);

/** Ends what runs left that were killed. Logs of those that failed have no files of a machine beside them and stay. */
export async function removeLeftovers(scripts: string): Promise<void> {
  for (const entry of readdirSync(tmpdir())) {
    const [name, pid] = runName.exec(entry) ?? [];
    if (name === undefined || existsSync(`/proc/${pid}`)) continue;
    await endCgroup(scripts, name);
    if (existsSync(join(tmpdir(), entry, 'machine', 'upper'))) rmSync(join(tmpdir(), entry), { recursive: true, force: true });
  }
}
