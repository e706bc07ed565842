import { join } from 'node:path';
import { Sha256 } from '@trawling/contracts';
import { sha256Of } from '@trawling/domain';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { openJsonFile } from '../state/json-file.js';

/**
 * `update.json`: another build of the agent than the one this machine was made with. `trial` until the sync-adapter has
 * answered a heartbeat of it; `failed` is not tried again.
 */
export const AgentUpdate = z.object({
  sha256: Sha256,
  state: z.enum(['trial', 'good', 'failed']),
  /** Starts while on trial. */
  tries: z.int().min(0),
});
export type AgentUpdate = z.infer<typeof AgentUpdate>;

/** Starts that a build gets to reach the sync-adapter. */
export const MAX_TRIES = 3;

const PREFIX = 'agent-';

/** Beside what the gateway's user may read: its command jobs run the same build as the agent. */
export const buildFile = (paths: Pick<MachinePaths, 'shared'>, sha256: Sha256): string =>
  join(paths.shared, `${PREFIX}${sha256.slice('sha256:'.length)}.js`);

export const isBuildFile = (name: string): boolean => name.startsWith(PREFIX) && name.endsWith('.js');

/**
 * Which build shall run: the file of another one, or null for the one that asks, whose digest is `self`. A build that
 * was started often enough without being heard of is given up here, by the one that machine.json names.
 */
export async function chooseBuild(host: Host, paths: Pick<MachinePaths, 'shared' | 'update'>, self: Sha256): Promise<string | null> {
  const file = await openJsonFile(host, paths.update, AgentUpdate);
  const update = file.current();
  if (!update || update.sha256 === self || update.state === 'failed') return null;
  const build = buildFile(paths, update.sha256);
  const text = await host.readText(build);
  if (text === null || sha256Of(text) !== update.sha256) return null;
  if (update.state === 'good') return build;
  if (update.tries >= MAX_TRIES) {
    await file.write({ ...update, state: 'failed' });
    return null;
  }
  await file.write({ ...update, tries: update.tries + 1 });
  return build;
}
