import { CRON_KEY_PREFIX } from '@trawling/domain';
import { pathsOf, type Step } from '../apply/plan.js';

/** A heartbeat has to stay far below what the sync-adapter takes: without one the bot is offline. */
const MAX_PATHS = 50;
const MAX_LENGTH = 150;

/** What a step would repair, as heartbeats name it: paths of OpenClaw settings, names of files, and `cron:<name>`. */
export function driftPaths(steps: readonly Step[]): string[] {
  const paths = steps.flatMap((step) => {
    switch (step.kind) {
      case 'add-job':
        return [jobPath(step.job.declarationKey)];
      case 'update-job':
      case 'remove-job':
        return [jobPath(step.name)];
      default:
        return pathsOf(step);
    }
  });
  return [...new Set(paths.map((path) => path.slice(0, MAX_LENGTH)))].sort().slice(0, MAX_PATHS);
}

const jobPath = (name: string): string => `cron:${name.startsWith(CRON_KEY_PREFIX) ? name.slice(CRON_KEY_PREFIX.length) : name}`;
