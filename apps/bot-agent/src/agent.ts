import { type BootReport, type BotConfigPayload, type MachineSpec } from '@trawling/contracts';
import { type ApplyVersionDeps, type Outcome } from './apply/apply-version.js';
import { type EventFrame } from './gateway/frames.js';
import { type GatewayClient } from './gateway/gateway-client.js';
import { CronEvent } from './gateway/openclaw-types.js';
import { fenceFor } from './loop/fence.js';
import { openLease } from './loop/lease.js';
import { createAttemptTimer } from './loop/attempt-timer.js';
import { createGatewayHealer } from './loop/heal-gateway.js';
import { createGoodbye } from './loop/goodbye.js';
import { sendHeartbeats } from './loop/heartbeat.js';
import { nothingSaid } from './loop/keep-in-line.js';
import { createStreamFollower } from './loop/follow-stream.js';
import { pollConfig } from './loop/poll-config.js';
import { reconcile } from './loop/reconcile.js';
import { createRepairLimit } from './loop/repair-limit.js';
import { keepRotating } from './loop/rotate-credential.js';
import { keepSending } from './loop/keep-sending.js';
import { createRunawayGuard } from './loop/runaway-guard.js';
import { type Wake } from './loop/wake.js';
import { createAppliedWatch } from './loop/watch-applied.js';
import { type CronResults } from './reports/cron-results.js';
import { measure } from './reports/measure.js';
import { type Reporter } from './reports/reporter.js';
import { type SecurityEvents } from './reports/security-events.js';
import { type ServerClock } from './reports/server-clock.js';
import { createBotStatus } from './status/bot-status.js';
import { type JobRuns } from './status/job-runs.js';
import { createStatusNews } from './status/status-news.js';
import { type ConfigBase } from './sync/config-base.js';
import { type Credentials } from './sync/credentials.js';
import { enroll, type Identity } from './sync/enrollment.js';
import { type KeySetKeeper } from './sync/key-set.js';
import { secretsFor } from './sync/secrets.js';
import { type SyncClient } from './sync/sync-client.js';
import { type OpenStream } from './sync/stream-socket.js';
import { SyncError } from './sync/sync-error.js';
import { type AgentUpdater } from './update/update-agent.js';

export interface AgentDeps extends Omit<ApplyVersionDeps, 'secretsFor' | 'gateway'> {
  spec: MachineSpec;
  identity: Identity;
  keySet: KeySetKeeper;
  credentials: Credentials;
  base: ConfigBase;
  security: SecurityEvents;
  openStream: OpenStream;
  client: SyncClient;
  gateway: GatewayClient;
  results: CronResults;
  reporter: Reporter;
  serverClock: ServerClock;
  wakes: { reconcile: Wake; poll: Wake; stream: Wake; heartbeat: Wake; reports: Wake; results: Wake; status: Wake };
  jobRuns: JobRuns;
  /** Capabilities of the agent's registration. */
  registered(): readonly string[];
  /** Told of each heartbeat and of each outcome of an attempt to apply a version. */
  told: { heartbeat(answered: boolean): void; outcome(kind: Outcome['kind']): void };
  updater: AgentUpdater;
  agentVersion: string;
  /** Of this run of the agent. */
  bootId: string;
  random(): number;
  rssBytes(): number;
  stop: AbortSignal;
}

/** Until there is a config that says otherwise. */
const FIRST_PACE_SECONDS = 5;
/** Fences and gateways that are down are looked at this often. */
const LOOK_MS = 5_000;
/** The gateway says when something changes; this is for what it did not say. */
const DRIFT_MS = 60_000;
/** Whether another build of the agent is wanted. */
const UPDATE_MS = 30_000;

/** The loops of one machine's agent and what they tell each other. */
export function createAgent(deps: AgentDeps) {
  const { state, wakes, gateway, reporter, client, clock, spec } = deps;
  const said = nothingSaid();
  const stream = createStreamFollower({ ...deps, gone: () => state.progress().gone !== null, refreshKeys: deps.keySet.refresh });
  const guard = createRunawayGuard(deps);
  const startedMs = clock.monotonicMs();
  const lease = openLease({ file: state.lease, clock, serverClock: deps.serverClock });
  const goodbye = createGoodbye({ clock, ring: wakes.heartbeat.wake });
  let heartbeats: Promise<void> | null = null;
  let offered: BotConfigPayload | null = null;
  let enrolled = false;
  let heard = false;
  let lookForDrift = true;
  let lookedMs = startedMs;
  const mayHaveDrifted = () => {
    lookForDrift = true;
    wakes.reconcile.wake();
  };

  /** The newest config this machine has fetched, whatever came of it. */
  const lastSeen = () =>
    [offered, state.attempt.current()?.payload, state.progress().failed, state.applied.current()?.payload]
      .filter((one) => one !== null && one !== undefined)
      .sort((a, b) => Number(b.version) - Number(a.version))[0] ?? null;
  const appliedPayload = () => state.applied.current()?.payload ?? null;
  const heartbeatSeconds = () => appliedPayload()?.intervals.heartbeat_seconds ?? FIRST_PACE_SECONDS;
  const fence = () => {
    const applied = appliedPayload();
    return applied ? fenceFor({ payload: applied, silentSeconds: lease.silentSeconds(), gone: state.progress().gone !== null }) : 'none';
  };

  const status = createBotStatus({ ...deps, said, fence, lastSeen, draining: goodbye.isSaid, startedMs });
  const news = createStatusNews({ status, ring: wakes.heartbeat.wake, wake: wakes.status, clock, stop: deps.stop });

  const reconcileDeps = {
    ...deps,
    said,
    fence,
    repairLimit: createRepairLimit(),
    heal: createGatewayHealer(deps),
    watchApplied: createAppliedWatch(deps),
    timer: createAttemptTimer(deps),
    offered: () => offered,
    takenUp: (payload: BotConfigPayload) => {
      if (offered === payload) offered = null;
    },
    secretsFor: (payload: BotConfigPayload) =>
      secretsFor(
        {
          host: deps.host,
          heldPath: deps.paths.secretVersions,
          botId: spec.bot_id,
          sealingPrivateJwk: deps.identity.sealing_key,
          keySet: deps.keySet,
          security: deps.security,
          client,
        },
        payload,
      ),
    onOutcome: (kind: Outcome['kind']) => {
      deps.told.outcome(kind);
      if (appliedPayload()) tellBoot('ready');
      wakes.heartbeat.wake();
    },
  };

  const keepReconciling = async () => {
    while (!deps.stop.aborted) {
      const driftDue = lookForDrift || clock.monotonicMs() - lookedMs > DRIFT_MS;
      if (driftDue) {
        lookForDrift = false;
        lookedMs = clock.monotonicMs();
      }
      const soonMs = await reconcile(reconcileDeps, driftDue).catch((error: unknown) => {
        deps.logger.warn({ err: error }, 'could not reconcile; trying again');
        lookForDrift ||= driftDue;
        return null;
      });
      await wakes.reconcile.wait(soonMs ?? LOOK_MS);
    }
  };

  /** Only what a config that runs and is no longer watched names: one change at a time. */
  const keepUpdating = async () => {
    while (!deps.stop.aborted) {
      const wanted = state.attempt.current() === null && state.probation.current() === null ? appliedPayload()?.runtime.agent_sha256 : undefined;
      if (wanted !== undefined && state.progress().gone === null) {
        await deps.updater.bring(wanted).catch((error: unknown) => deps.logger.warn({ err: error }, 'the agent could not be replaced yet'));
      }
      await clock.sleep(UPDATE_MS, deps.stop);
    }
  };

  /** Stages are told once and for information: a lost one is not sent again. */
  const told = new Set<string>();
  const tellBoot = (stage: BootReport['stage']) => {
    if (!enrolled || told.has(stage)) return;
    told.add(stage);
    client
      .boot({ stage, ok: true, at: clock.now().toISOString(), generation: spec.generation })
      .catch((error: unknown) => deps.logger.debug({ err: error }, 'boot stage not reported'));
  };

  const talk = async () => {
    if (state.progress().gone !== null) return;
    const outcome = await enroll({ ...deps, signal: deps.stop });
    if (outcome === 'stopped') return;
    enrolled = true;
    if (outcome === 'enrolled') tellBoot('enroll');
    if (gateway.state() === 'ready') tellBoot('gateway');
    const again = appliedPayload();
    if (again) await reporter.ack(again, 'applied');
    heartbeats = sendHeartbeats({
      ...deps,
      status,
      onTried: (beat, answered) => {
        deps.told.heartbeat(answered);
        news.told(beat, answered);
        if (beat.health.details['draining'] === true) goodbye.tried();
      },
      heartbeatSeconds,
      onRenewed: async () => {
        heard = true;
        await lease.renewed();
        await deps.updater.heard().catch((error: unknown) => deps.logger.warn({ err: error }, 'a new build could not be marked as good yet'));
      },
      onUpdateAvailable: () => wakes.poll.wake(),
      // What was told to end has a moment only.
      measure: async () => {
        if (!goodbye.isSaid()) await measure({ api: deps.api, gatewayIsReady: gateway.state() === 'ready', agentRssBytes: deps.rssBytes(), reporter });
      },
      wake: wakes.heartbeat,
    });
    await Promise.all([
      heartbeats,
      news.run(),
      pollConfig(
        {
          ...deps,
          botId: spec.bot_id,
          applied: appliedPayload,
          pollSeconds: () => appliedPayload()?.intervals.poll_seconds ?? FIRST_PACE_SECONDS,
          offer: (payload) => {
            offered = payload;
            wakes.reconcile.wake();
          },
          streamIsUp: stream.isUp,
          wake: wakes.poll,
        },
        lastSeen()?.hash ?? null,
      ),
      stream.run(),
      keepRotating({ ...deps, onRegistered: wakes.heartbeat.wake }),
      keepSending(deps),
      keepUpdating(),
    ]);
  };

  const onCronEvent = (event: CronEvent) => {
    deps.jobRuns.heard(event);
    if (event.action === 'finished') wakes.results.wake();
    else if (event.action !== 'started' && event.action !== 'scheduled') mayHaveDrifted();
  };

  return {
    /** Runs until stopped. Being told that the machine is no longer wanted ends the talking, not the fencing. */
    run: async (): Promise<void> => {
      const talking = talk().catch((error: unknown) => {
        if (!(error instanceof SyncError)) throw error;
      });
      await Promise.all([keepReconciling(), talking, keepCollecting(deps)]);
    },

    /** Tells the control plane that this process ends: a moment at most, before `stop` is aborted. */
    drain: () => goodbye.say(heartbeats),

    status,
    speaksForItsBot: () => enrolled && state.progress().gone === null,
    wasHeard: () => heard,
    heartbeatSeconds,
    streamIsUp: stream.isUp,
    /** Since the sync-adapter last answered a heartbeat, or the agent began to wait for that. */
    silentSeconds: lease.silentSeconds,

    onGatewayEvent: ({ event, payload }: EventFrame) => {
      if (event === 'agent') return guard.onAgentEvent(payload);
      if (event === 'config.changed') mayHaveDrifted();
      const cron = event === 'cron' ? CronEvent.safeParse(payload).data : undefined;
      if (cron) onCronEvent(cron);
    },

    onGatewayConnected: (info: { restarted: boolean }) => {
      tellBoot('gateway');
      mayHaveDrifted();
      wakes.results.wake();
      if (info.restarted) deps.jobRuns.forget();
      if (info.restarted) void reporter.event('gateway_restarted', 'info', 'The OpenClaw gateway was started again');
    },
  };
}

/** A run whose record is a moment late is found by the next look. */
const COLLECT_MS = 30_000;
const MOMENT_MS = 1_000;

async function keepCollecting({ results, gateway, wakes, stop, logger }: AgentDeps): Promise<void> {
  let waitMs = COLLECT_MS;
  while (!stop.aborted) {
    await wakes.results.wait(waitMs);
    waitMs = COLLECT_MS;
    if (gateway.state() !== 'ready') continue;
    const complete = await results.collect().catch((error: unknown) => {
      logger.debug({ err: error }, 'cron results not collected');
      return true;
    });
    if (!complete) waitMs = MOMENT_MS;
  }
}
