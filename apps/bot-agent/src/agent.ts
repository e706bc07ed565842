import { type BootReport, type BotConfigPayload, type MachineSpec } from '@trawling/contracts';
import { z } from 'zod';
import { type ApplyVersionDeps } from './apply/apply-version.js';
import { type EventFrame } from './gateway/frames.js';
import { type GatewayClient } from './gateway/gateway-client.js';
import { fenceFor } from './loop/fence.js';
import { openLease } from './loop/lease.js';
import { createAttemptTimer } from './loop/attempt-timer.js';
import { createGatewayHealer } from './loop/heal-gateway.js';
import { healthOf, sendHeartbeats } from './loop/heartbeat.js';
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
  wakes: { reconcile: Wake; poll: Wake; stream: Wake; heartbeat: Wake; reports: Wake; results: Wake };
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
  let offered: BotConfigPayload | null = null;
  let enrolled = false;
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
  const fence = () => {
    const applied = appliedPayload();
    return applied ? fenceFor({ payload: applied, silentSeconds: lease.silentSeconds(), gone: state.progress().gone !== null }) : 'none';
  };

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
    onOutcome: () => {
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
    await Promise.all([
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
      sendHeartbeats({
        ...deps,
        status: () => ({
          agent_version: deps.agentVersion,
          openclaw_version: gateway.version(),
          uptime_seconds: Math.round((clock.monotonicMs() - startedMs) / 1000),
          applied_version: appliedPayload()?.version ?? null,
          applied_hash: appliedPayload()?.hash ?? null,
          last_seen_version: lastSeen()?.version ?? null,
          health: healthOf({
            gateway: gateway.state(),
            givenUpJobs: said.givenUp,
            drift: said.drift,
            failedVersion: state.progress().failed?.version ?? null,
            fence: fence(),
            diskRefuses: reporter.queue.diskRefuses(),
            openclaw: { wanted: appliedPayload()?.runtime.openclaw_version ?? null, running: gateway.version() },
          }),
          gateway: { state: gateway.state(), restarts: gateway.restarts() },
          drift: said.drift.length === 0 ? null : { paths: [...said.drift] },
          spool: reporter.queue.status(),
          ...(deps.serverClock.offsetMs() === null ? {} : { clock_offset_ms: deps.serverClock.offsetMs() ?? 0 }),
        }),
        heartbeatSeconds: () => appliedPayload()?.intervals.heartbeat_seconds ?? FIRST_PACE_SECONDS,
        onRenewed: async () => {
          await lease.renewed();
          await deps.updater.heard().catch((error: unknown) => deps.logger.warn({ err: error }, 'a new build could not be marked as good yet'));
        },
        onUpdateAvailable: () => wakes.poll.wake(),
        measure: () => measure({ api: deps.api, gatewayIsReady: gateway.state() === 'ready', agentRssBytes: deps.rssBytes(), reporter }),
        wake: wakes.heartbeat,
      }),
      keepSending(deps),
      keepUpdating(),
    ]);
  };

  return {
    /** Runs until stopped. Being told that the machine is no longer wanted ends the talking, not the fencing. */
    run: async (): Promise<void> => {
      const talking = talk().catch((error: unknown) => {
        if (!(error instanceof SyncError)) throw error;
      });
      await Promise.all([keepReconciling(), talking, keepCollecting(deps)]);
    },

    onGatewayEvent: ({ event, payload }: EventFrame) => {
      if (event === 'agent') return guard.onAgentEvent(payload);
      if (event === 'config.changed') mayHaveDrifted();
      if (event === 'cron') {
        const action = CronEvent.safeParse(payload).data?.action;
        if (action === 'finished') wakes.results.wake();
        else if (action !== 'started' && action !== 'scheduled') mayHaveDrifted();
      }
    },

    onGatewayConnected: (info: { restarted: boolean }) => {
      tellBoot('gateway');
      mayHaveDrifted();
      wakes.results.wake();
      if (info.restarted) void reporter.event('gateway_restarted', 'info', 'The OpenClaw gateway was started again');
    },
  };
}

const CronEvent = z.object({ action: z.string() });

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
