import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { type Outcome } from '../apply/apply-version.js';
import { type StatusOfBot } from './bot-status.js';

export interface AgentMetrics {
  registry: Registry;
  heartbeat(answered: boolean): void;
  outcome(kind: Outcome['kind']): void;
  runEnded(ok: boolean): void;
}

/** What is read when somebody asks. */
export interface AgentNumbers {
  status(): StatusOfBot;
  spoolBytes(): number;
  streamIsUp(): boolean;
  silentSeconds(): number;
}

const LABELS_OF_BOT = ['bot_id', 'generation', 'agent_version', 'openclaw_version'] as const;

/** Numbers of one agent in the format of Prometheus. No secret is among them; the bot's id is. */
export function createAgentMetrics(bot: { id: string; generation: number }): AgentMetrics & { watch(numbers: AgentNumbers): void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const heartbeats = new Counter({ name: 'agent_heartbeats_total', help: 'Heartbeats by whether they were answered.', labelNames: ['result'], registers });
  const outcomes = new Counter({ name: 'agent_applies_total', help: 'Attempts to apply a config, by outcome; `later` is tried again.', labelNames: ['outcome'], registers });
  const runs = new Counter({ name: 'agent_job_runs_total', help: 'Runs of jobs in OpenClaw that ended while the agent listened.', labelNames: ['result'], registers });
  for (const result of ['answered', 'failed']) heartbeats.inc({ result }, 0);
  for (const outcome of ['applied', 'failed', 'later']) outcomes.inc({ outcome }, 0);
  for (const result of ['ok', 'error']) runs.inc({ result }, 0);

  const gauge = (name: string, help: string, read: () => number) =>
    void new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });

  return {
    registry,
    heartbeat: (answered) => heartbeats.inc({ result: answered ? 'answered' : 'failed' }),
    outcome: (outcome) => outcomes.inc({ outcome }),
    runEnded: (ok) => runs.inc({ result: ok ? 'ok' : 'error' }),
    watch: ({ status, spoolBytes, streamIsUp, silentSeconds }) => {
      gauge('agent_spool_items', 'Reports that wait for the sync-adapter.', () => status().spool?.pending ?? 0);
      gauge('agent_spool_bytes', 'Bytes of them on the disk.', spoolBytes);
      gauge('agent_dropped_reports', 'Reports given up since the machine was made.', () => droppedOf(status()));
      gauge('agent_stream_up', '1 while the stream of hints is open.', () => Number(streamIsUp()));
      gauge('agent_last_contact_seconds', 'Since a heartbeat was last answered, or the agent began to wait for that.', silentSeconds);
      gauge('agent_gateway_ready', '1 while the connection to the OpenClaw gateway stands.', () => Number(status().gateway.state === 'ready'));
      gauge('agent_gateway_restarts', 'Starts of the gateway that this agent saw, the first one apart.', () => status().gateway.restarts);
      gauge('agent_jobs_running', 'Runs of jobs that go on.', () => status().capacity.queue_length);
      gauge('agent_jobs_limit', 'Jobs that may run at once; 0 while the bot does not trade.', () => status().capacity.concurrent_tasks);
      gauge('agent_applied_version', 'Config version that runs; 0 before there is one.', () => Number(status().applied_version ?? 0));
      new Gauge({
        name: 'agent_info',
        help: 'Always 1; who this is and what it runs.',
        labelNames: LABELS_OF_BOT,
        registers,
        collect() {
          const { agent_version, openclaw_version } = status();
          this.reset();
          this.set({ bot_id: bot.id, generation: String(bot.generation), agent_version, openclaw_version: openclaw_version ?? '' }, 1);
        },
      });
    },
  };
}

const droppedOf = ({ spool }: StatusOfBot): number => (spool ? spool.dropped_metrics + spool.dropped_events : 0);
