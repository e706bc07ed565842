import { type Clock, isErrorWithCode, type Logger } from '@trawling/runtime';
import { fixedRegistration, openRegistration, type Registration } from '@trawling/status-publisher';

/** What every agent of this build can do, whatever its bot is configured for. */
export const DEFAULT_REGISTRATION = fixedRegistration({
  agents: [
    { name: 'config.apply', description: 'Applies the configs its control plane signed, verifies what runs, and goes back when a version fails' },
    { name: 'jobs.run', description: 'Has OpenClaw run its jobs and hands on their results' },
    { name: 'reports.relay', description: 'Takes reports of skills and jobs on its machine and delivers them once there is a way' },
  ],
});

const LOOK_AGAIN_MS = 5_000;

/**
 * The registration of a file where there is a good one, and the one of this build until then: a file that is wrong must
 * not keep an agent from being told to stop its bot. A file that comes later is taken up, too. Close it.
 */
export async function openAgentRegistration(deps: { file: string; logger: Logger; clock: Clock }): Promise<Registration> {
  const { file, logger, clock } = deps;
  const closing = new AbortController();
  let opened: Registration | null = null;
  let complaint: string | null = null;

  const open = async () => {
    try {
      opened = await openRegistration({ file, logger, clock });
    } catch (error) {
      if (error instanceof Error && isErrorWithCode(error.cause, 'ENOENT')) return;
      const message = error instanceof Error ? error.message : String(error);
      if (message !== complaint) logger.error({ problem: message }, 'the agent registration file cannot be used; the registration of this build stays');
      complaint = message;
    }
  };
  const keepLooking = async () => {
    while (opened === null && !closing.signal.aborted) {
      await clock.sleep(LOOK_AGAIN_MS, closing.signal);
      if (!closing.signal.aborted) await open();
    }
  };
  await open();
  const looking = keepLooking();

  return {
    enabled: () => (opened ?? DEFAULT_REGISTRATION).enabled(),
    close: async () => {
      closing.abort();
      await looking;
      await opened?.close();
    },
  };
}
