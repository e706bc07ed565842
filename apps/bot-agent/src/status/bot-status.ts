import { type BotConfigPayload, type BotStatus, type Capacity } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { type GatewayClient } from '../gateway/gateway-client.js';
import { healthOf } from '../loop/heartbeat.js';
import { type Said } from '../loop/keep-in-line.js';
import { type Reporter } from '../reports/reporter.js';
import { type ServerClock } from '../reports/server-clock.js';
import { type AgentState, type Fence } from '../state/agent-state.js';
import { allCapabilities, type BotAbility } from './bot-capabilities.js';
import { botCapacity } from './bot-capacity.js';
import { type JobRuns } from './job-runs.js';

export interface BotStatusDeps {
  state: AgentState;
  gateway: Pick<GatewayClient, 'state' | 'version' | 'restarts'>;
  said: Said;
  jobRuns: Pick<JobRuns, 'count'>;
  reporter: Pick<Reporter, 'queue'>;
  serverClock: Pick<ServerClock, 'offsetMs'>;
  /** Of the agent's registration. */
  registered(): readonly string[];
  fence(): Fence;
  lastSeen(): Pick<BotConfigPayload, 'version'> | null;
  draining(): boolean;
  agentVersion: string;
  startedMs: number;
  clock: Pick<Clock, 'monotonicMs'>;
}

/** Everything a heartbeat says but what its loop itself counts. */
export type StatusOfBot = Omit<BotStatus, 'boot_id' | 'sequence' | 'sent_at'> & { capabilities: string[]; capacity: Capacity };

/** How the bot is now and what it can do; the heartbeat, `/status` and `/capabilities` say the same. */
export function createBotStatus(deps: BotStatusDeps): () => StatusOfBot {
  const { state, gateway, said, reporter, serverClock } = deps;

  /** A fence that is lifted counts until the jobs are on again. */
  const ability = (): BotAbility => ({
    config: state.applied.current()?.payload ?? null,
    fence: deps.fence() === 'none' ? state.progress().fence : deps.fence(),
    givenUpJobs: said.givenUp,
  });

  return () => {
    const applied = state.applied.current()?.payload ?? null;
    const offsetMs = serverClock.offsetMs();
    return {
      agent_version: deps.agentVersion,
      openclaw_version: gateway.version(),
      uptime_seconds: Math.round((deps.clock.monotonicMs() - deps.startedMs) / 1000),
      applied_version: applied?.version ?? null,
      applied_hash: applied?.hash ?? null,
      last_seen_version: deps.lastSeen()?.version ?? null,
      health: healthOf({
        gateway: gateway.state(),
        givenUpJobs: said.givenUp,
        drift: said.drift,
        failedVersion: state.progress().failed?.version ?? null,
        fence: deps.fence(),
        diskRefuses: reporter.queue.diskRefuses(),
        openclaw: { wanted: applied?.runtime.openclaw_version ?? null, running: gateway.version() },
        draining: deps.draining(),
      }),
      gateway: { state: gateway.state(), restarts: gateway.restarts() },
      drift: said.drift.length === 0 ? null : { paths: [...said.drift] },
      spool: reporter.queue.status(),
      capabilities: allCapabilities(deps.registered(), ability()),
      capacity: botCapacity({ ...ability(), gateway: gateway.state(), runs: deps.jobRuns.count(), draining: deps.draining() }),
      ...(offsetMs === null ? {} : { clock_offset_ms: offsetMs }),
    };
  };
}
