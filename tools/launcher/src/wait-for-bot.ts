import { type BotView } from '@trawling/contracts';
import { ControlPlaneProblem, type ControlPlaneClient } from './control-plane-client.js';
import { type Terminal } from './terminal.js';
import { type Bounds, waitFor } from './wait.js';

/** What is going on, for people: while the machine comes or goes its own words, then those of the config. */
export function describeBot(bot: BotView): string {
  const { machine } = bot;
  const stage = machine?.boot_stage ? STAGES[machine.boot_stage] : undefined;
  if (!machine) return 'there is no machine yet';
  if (machine.state === 'online' && bot.applied_version !== null) return bot.sync_message;
  if (bot.sync_status === 'failed') return bot.sync_message;
  return machine.state === 'booting' || machine.state === 'online' ? (stage ?? machine.reason) : machine.reason;
}

/** Last stage the machine reported, and so what it is at now. */
const STAGES: Record<string, string> = {
  supervisor: 'the machine fetches the agent',
  node: 'Node is installed',
  agent: 'the agent starts',
  enroll: 'the agent is enrolled; OpenClaw starts (10 to 20 s, more on a busy machine)',
  openclaw_install: 'OpenClaw is installed',
  gateway: 'OpenClaw is up',
  ready: 'OpenClaw is ready',
};

/** Says what the bot is doing whenever that changes, until the condition holds. Rejects at once when it cannot any more. */
export async function waitForBot(
  { controlPlane, terminal, label }: { controlPlane: ControlPlaneClient; terminal: Terminal; label: string },
  bounds: Bounds,
  { botId, what, condition }: { botId: string; what: string; condition: (bot: BotView) => boolean },
): Promise<BotView> {
  let last = '';
  return waitFor(
    bounds,
    what,
    async () => {
      const bot = await controlPlane.getBot(botId).catch((error: unknown) => {
        if (error instanceof ControlPlaneProblem && error.problem.status < 500) throw error;
        last = String(error); // the control plane may be restarting
        return null;
      });
      if (!bot) return null;
      last = describeBot(bot);
      terminal.progress(`${label}${botId}`, `${label}${last}`);
      if (condition(bot)) return bot;
      if (bot.machine?.state === 'failed' && bot.decommission_requested_at === null) throw new Error(`the machine failed: ${bot.machine.reason}`);
      if (bot.sync_status === 'failed') throw new Error(`version ${bot.desired_version} failed: ${failureOf(bot)}`);
      return null;
    },
    { describe: () => last, everyMs: 250 },
  );
}

function failureOf(bot: BotView): string {
  const issues = bot.last_ack?.error?.issues ?? [];
  return [bot.sync_message, ...issues.map((issue) => `${issue.path}: ${issue.message}`)].join('; ');
}
