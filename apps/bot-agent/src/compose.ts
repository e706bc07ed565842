import { randomBytes } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import { MachineSpec, type Sha256 } from '@trawling/contracts';
import { type Logger, systemClock, uuid7, withReleasers } from '@trawling/runtime';
import { createAgent } from './agent.js';
import { type Env } from './env.js';
import { createGatewayApi, type GatewayApi } from './gateway/gateway-api.js';
import { createGatewayClient } from './gateway/gateway-client.js';
import { isGatewayReady } from './gateway/readyz.js';
import { createHandHost } from './hand/hand-host.js';
import { type Host, realHost } from './host.js';
import { acceptLocalReports } from './local/accept-local-reports.js';
import { openLocalReportServer } from './local/local-report-server.js';
import { renewAtOnce } from './loop/renew-at-once.js';
import { createWake } from './loop/wake.js';
import { createGatewayControl } from './machine/gateway-control.js';
import { type MachinePaths, machinePaths } from './machine/machine-paths.js';
import { gatewayEnvOf, openclawMachine } from './machine/openclaw-machine.js';
import { createSystemdHost } from './machine/systemd-host.js';
import { createOpenclawCli } from './apply/openclaw-cli.js';
import { openCronResults } from './reports/cron-results.js';
import { openReportSpools } from './reports/report-spools.js';
import { createReporter } from './reports/reporter.js';
import { bootOfMachine, openServerClock } from './reports/server-clock.js';
import { openWebhookReceiver } from './reports/webhook-receiver.js';
import { createSecurityEvents } from './reports/security-events.js';
import { openAgentInstance } from './status/agent-instance.js';
import { createAgentMetrics } from './status/agent-metrics.js';
import { openAgentRegistration } from './status/agent-registration.js';
import { createJobRuns } from './status/job-runs.js';
import { createReadiness } from './status/readiness.js';
import { openStatusServer } from './status/status-server.js';
import { openAgentState } from './state/agent-state.js';
import { openConfigBase } from './sync/config-base.js';
import { openCredentials } from './sync/credentials.js';
import { loadIdentity } from './sync/enrollment.js';
import { openKeySet } from './sync/key-set.js';
import { ensureSecretsFile } from './sync/secrets.js';
import { createStreamOpener } from './sync/stream-socket.js';
import { createSyncClient } from './sync/sync-client.js';
import { createSyncHttp } from './sync/sync-http.js';
import { buildFile } from './update/agent-update.js';
import { createAgentUpdater } from './update/update-agent.js';

export interface ComposeInput {
  machineFile: string;
  /** The build that runs. */
  running: { file: string; sha256: Sha256 };
  version: string;
  logger: Logger;
  /** Called when a loop ends that should not. */
  fail(error: unknown): void;
  /** Ends this process in order, to be started again. */
  restart(): void;
}

/** The agent of one machine: everything it is made of, running until stopped. */
export const compose = (env: Env, input: ComposeInput) =>
  withReleasers(async (onStop) => {
    const clock = systemClock;
    const random = Math.random;
    const file = resolve(input.machineFile);
    const spec = MachineSpec.parse(JSON.parse((await realHost.readText(file)) ?? 'null'));
    const paths = machinePaths(dirname(file));
    const logger = input.logger.child({ bot_id: spec.bot_id, generation: spec.generation });
    for (const dir of paths.ownDirs) await realHost.ensureDir(dir);
    const host = await openHost(spec, paths);

    const stopping = new AbortController();
    const wakes = {
      reconcile: createWake(clock, stopping.signal),
      poll: createWake(clock, stopping.signal),
      stream: createWake(clock, stopping.signal),
      heartbeat: createWake(clock, stopping.signal),
      reports: createWake(clock, stopping.signal),
      results: createWake(clock, stopping.signal),
      status: createWake(clock, stopping.signal),
    };
    const state = await openAgentState(host, paths);
    const identity = await loadIdentity(host, paths.identity, randomBytes);
    const serverClock = await openServerClock({
      host,
      path: paths.serverClock,
      boot: await bootOfMachine(host, uuid7),
      machineMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
      now: clock.now,
    });
    const reporter = createReporter({ queue: await openReportSpools(host, paths), serverClock, onReport: wakes.reports.wake });
    const security = createSecurityEvents({ reporter, clock, logger });

    const credentials = await openCredentials({
      host,
      path: paths.credentials,
      enrolledPath: paths.credential,
      first: { id: identity.credential_id, credential: identity.credential },
      clock,
      randomBytes,
      logger,
      onChange: wakes.stream.wake,
    });
    const userAgent = `trawling-bot-agent/${input.version}`;
    const syncHttp = createSyncHttp({
      baseUrl: spec.sync_adapter_url,
      credentials,
      clock,
      stop: stopping.signal,
      userAgent,
      onGone: (code) => {
        logger.error({ code }, 'this machine no longer speaks for its bot; trading stops');
        void state.updateProgress({ gone: code }).then(wakes.reconcile.wake, input.fail);
      },
    });
    const openAnyStream = createStreamOpener({ baseUrl: spec.sync_adapter_url, botId: spec.bot_id, userAgent });
    const { http, openStream } = renewAtOnce(syncHttp, openAnyStream, wakes.heartbeat.wake);
    const client = createSyncClient(http, spec.bot_id);
    const keySet = await openKeySet({
      host,
      path: paths.keySet,
      rootPublicJwk: spec.root_public_jwk,
      fetchKeySet: client.keys,
      onRefused: ({ reason, message }) => security.say('security.key_set_refused', reason, `A set of signing keys was refused: ${message}`),
    });

    const registration = await openAgentRegistration({ file: env.AGENT_REGISTRATION_FILE ?? paths.registration, logger, clock });
    onStop(() => registration.close(), 'agent registration');
    const metrics = createAgentMetrics({ id: spec.bot_id, generation: spec.generation });

    const gatewayUrl = `127.0.0.1:${spec.gateway_port}`;
    const gateway = createGatewayClient({
      url: `ws://${gatewayUrl}`,
      agentVersion: input.version,
      platform: process.platform,
      readToken: async () => ((await host.readText(paths.gatewayToken)) ?? '').trim(),
      clock,
      random,
      onEvent: (event) => agent.onGatewayEvent(event),
      onConnected: (info) => agent.onGatewayConnected(info),
      onState: (next, reason) => {
        logger.info({ gateway: next, reason }, 'gateway');
        wakes.status.wake();
      },
    });
    onStop(() => gateway.close(), 'gateway connection');
    const jobRuns = createJobRuns({
      onChange: wakes.status.wake,
      onEnded: (ok) => {
        metrics.runEnded(ok);
        instance.taskEnded(ok);
      },
    });
    const gatewayApi = createGatewayApi({ request: gateway.request, clock });
    const api: GatewayApi = { ...gatewayApi, cronList: () => jobRuns.corrected(gatewayApi.cronList) };

    const configVersion = () => state.applied.current()?.payload.version ?? null;
    const results = await openCronResults({
      host,
      ledgerPath: paths.cronLedger,
      spoolDir: paths.spool.webhooks,
      api,
      clock,
      serverClock,
      configVersion,
      handOn: reporter.cronResult,
    });
    const receiver = await openWebhookReceiver({
      host,
      path: paths.webhook,
      randomBytes,
      logger,
      onRun: async (run) => {
        await results.received(run);
        wakes.results.wake();
      },
    });
    onStop(() => receiver.close(), 'webhook receiver');

    const local = await openLocalReportServer({
      host,
      path: paths.localReports,
      randomBytes,
      accept: (reports) => acceptLocalReports({ reporter, serverClock, configVersion, newId: uuid7 }, reports),
      clock,
      logger,
    });
    onStop(() => local.close(), 'local reports');

    const agent = createAgent({
      jobRuns,
      registered: () => registration.enabled().map(({ name }) => name),
      told: metrics,
      host, clock, random, spec, paths, logger, state, identity, keySet, credentials, security, client, gateway, api, results, reporter, serverClock, wakes,
      base: await openConfigBase(host, paths.fetched),
      openStream,
      agentVersion: input.version,
      bootId: uuid7(),
      machine: openclawMachine(spec, paths, receiver.webhook, ownBuild(paths, input.running)),
      updater: await createAgentUpdater({ host, paths, running: input.running.sha256, first: spec.agent_sha256, http: syncHttp, reporter, clock, logger, restart: input.restart }),
      gatewayEnv: gatewayEnvOf(spec),
      cli: createOpenclawCli({ host, spec, paths, env: { PATH: env.PATH } }),
      control: createGatewayControl({ host: realHost, paths, spec, clock }),
      isReady: () => isGatewayReady(`http://${gatewayUrl}`),
      rssBytes: () => process.memoryUsage.rss(),
      stop: stopping.signal,
    });
    metrics.watch({
      status: agent.status,
      streamIsUp: agent.streamIsUp,
      silentSeconds: agent.silentSeconds,
      spoolBytes: () => Object.values(reporter.queue.spools).reduce((sum, spool) => sum + spool.bytes(), 0),
    });
    const instance = openAgentInstance({ spec, version: input.version, registration, status: agent.status, env, registry: metrics.registry, clock, logger });
    onStop(() => instance.stop(), 'instance');
    // Not before: it calls `agent` and `instance`.
    gateway.connect();
    const ready = createReadiness({
      host: realHost,
      agentDir: paths.agent,
      clock,
      enrolled: agent.speaksForItsBot,
      gatewayIsReady: () => isGatewayReady(`http://${gatewayUrl}`),
      gatewayIsConnected: () => gateway.state() === 'ready',
      silentSeconds: () => (agent.wasHeard() ? agent.silentSeconds() : null),
      heartbeatSeconds: agent.heartbeatSeconds,
      diskRefuses: reporter.queue.diskRefuses,
    });
    const status = await openStatusServer({ instance, ready, registry: metrics.registry, host, path: paths.status, port: env.STATUS_PORT, logger });
    onStop(() => status.close(), 'status');
    const running = agent.run();
    running.catch((error: unknown) => input.fail(error));
    onStop(async () => {
      instance.drain();
      await Promise.all([agent.drain(), instance.stop()]);
      stopping.abort();
      await running.catch(() => undefined);
    }, 'loops');
    return { webhook: receiver.webhook };
  });

/** The build that replaced the first one: command jobs run the same. Undefined while it is the first one. */
function ownBuild(paths: MachinePaths, { file, sha256 }: ComposeInput['running']): string | undefined {
  const build = buildFile(paths, sha256);
  return basename(build) === basename(file) ? build : undefined;
}

/**
 * One user for everything, or two. With two, what the gateway needs is made by `prepare-gateway` before its start: the
 * agent can begin, and enroll, while there is no gateway and no hand yet.
 */
async function openHost(spec: MachineSpec, paths: MachinePaths): Promise<Host> {
  if (spec.host.kind === 'systemd') return createSystemdHost(realHost, createHandHost(spec.host.gateway_hand), paths);
  for (const dir of paths.gatewayDirs) await realHost.ensureDir(dir);
  await ensureSecretsFile(realHost, paths.secrets);
  return realHost;
}
