import { CRON_KEY_PREFIX } from '@trawling/domain';
import { type CronEvent, type CronJobView } from '../gateway/openclaw-types.js';

export interface JobRuns {
  /** Own jobs that run now. */
  count(): number;
  /** An event of OpenClaw's scheduler; a run of ours that ended is told once. */
  heard(event: CronEvent): void;
  /**
   * Passes a list of all jobs on and holds the count to it: an event that was lost is made up for by whoever lists next,
   * which the agent does after every connect and twice a minute.
   */
  corrected(list: () => Promise<CronJobView[]>): Promise<CronJobView[]>;
  /** The gateway was started again: no run outlives it. */
  forget(): void;
}

const isOwn = (job: { declarationKey?: string | undefined } | undefined): boolean => job?.declarationKey?.startsWith(CRON_KEY_PREFIX) ?? false;

/** Counts the runs of our jobs that go on, by OpenClaw's events; OpenClaw never runs one job twice at a time. */
export function createJobRuns({ onChange, onEnded }: { onChange(): void; onEnded(ok: boolean): void }): JobRuns {
  let running = new Set<string>();
  /** Start of the last run that was heard to end, by job: an end that is told twice is one. */
  const ended = new Map<string, number | undefined>();
  /** For each list that is under way, the jobs that were heard of meanwhile: of those the events know more. */
  const listening = new Set<Set<string>>();

  const become = (next: Set<string>) => {
    const changed = next.size !== running.size || [...next].some((id) => !running.has(id));
    running = next;
    if (changed) onChange();
  };

  const end = (jobId: string, { action, status, runAtMs }: CronEvent) => {
    if (action === 'removed') return void ended.delete(jobId);
    const isNew = runAtMs === undefined || ended.get(jobId) !== runAtMs;
    ended.set(jobId, runAtMs);
    // A skipped run was none.
    if (isNew && (status === 'ok' || status === 'error')) onEnded(status === 'ok');
  };

  return {
    count: () => running.size,
    heard: (event) => {
      const { action, jobId, job } = event;
      if (jobId === undefined) return;
      if (action !== 'started' && action !== 'finished' && action !== 'removed') return;
      for (const heard of listening) heard.add(jobId);
      if (action !== 'started') become(new Set([...running].filter((id) => id !== jobId)));
      else if (isOwn(job)) become(new Set([...running, jobId]));
      if (action !== 'started' && isOwn(job)) end(jobId, event);
    },
    corrected: async (list) => {
      const heard = new Set<string>();
      listening.add(heard);
      try {
        const jobs = await list();
        const listed = jobs.filter((job) => isOwn(job) && job.state.runningAtMs !== undefined).map(({ id }) => id);
        become(new Set([...listed.filter((id) => !heard.has(id)), ...[...running].filter((id) => heard.has(id))]));
        return jobs;
      } finally {
        listening.delete(heard);
      }
    },
    forget: () => {
      for (const heard of listening) for (const id of running) heard.add(id);
      become(new Set());
    },
  };
}
