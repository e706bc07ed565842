import { type BotView, type CreateBotRequest } from '@trawling/contracts';
import { systemClock } from '@trawling/runtime';
import { type z } from 'zod';
import { instancesThere, untilListed } from './directory.js';
import { findCronResult, runJobNow } from './cron-results.js';
import { type ControlPlaneClient } from './control-plane-client.js';
import { connectGateway, type GatewayClient } from './gateway-client.js';
import { differencesFrom, fleetJobs, FLEET_PREFIX } from './gateway-facts.js';
import { localGateways, processesOfBot } from './local-machine.js';
import { type Terminal } from './terminal.js';
import { type Bounds, waitFor } from './wait.js';
import { waitForBot } from './wait-for-bot.js';

/** The walk, in this order. Nothing of it is pretended: every step is something that was seen to happen. */
export const STEPS = [
  'bot_created', 'machine_up', 'enrolled', 'applied_1', 'patched', 'applied_2', 'synced', 'listed', 'cron_result', 'rolled_back',
  'applied_3', 'decommissioned',
] as const;
export type StepName = (typeof STEPS)[number];

/** Milliseconds since the step before. */
export type Step = { name: StepName; ms: number };

export type WalkResult = {
  ok: boolean;
  bot_id: string | null;
  steps: Step[];
  openclaw_version: string | null;
  failed_step?: StepName;
  error?: string;
};

export type WalkDeps = {
  controlPlane: ControlPlaneClient;
  machinesDir: string;
  terminal: Terminal;
  /** Tells several walks apart in what people read. */
  label: string;
};

/** The job that is run on demand: deterministic and without an LLM. */
const JOB = `${FLEET_PREFIX}risk-check`;
const PATCH = { strictness: 'high', timezone: 'Europe/Berlin' };

/** Walks one bot through its life. Never rejects: what went wrong is in the result. */
export async function walk(deps: WalkDeps, bounds: Bounds, request: z.input<typeof CreateBotRequest>): Promise<WalkResult> {
  const result: WalkResult = { ok: false, bot_id: null, steps: [], openclaw_version: null };
  let since = systemClock.monotonicMs();
  const done = (name: StepName): void => {
    const now = systemClock.monotonicMs();
    result.steps.push({ name, ms: Math.round(now - since) });
    deps.terminal.say(`${deps.label}✓ ${name} (${((now - since) / 1000).toFixed(1)} s)`);
    since = now;
  };
  let gateway: GatewayClient | null = null;
  try {
    const botId = (result.bot_id = (await deps.controlPlane.createBot(request)).bot_id);
    done('bot_created');
    const look = (what: string, condition: (bot: BotView) => boolean) => waitForBot(deps, bounds, { botId, what, condition });

    await look('the machine to be up', machineIsUp);
    done('machine_up');
    await look('the bot to enroll', (bot) => ['enroll', 'openclaw_install', 'gateway', 'ready'].includes(bot.machine?.boot_stage ?? ''));
    done('enrolled');
    await look('version 1 to be applied', appliedAt(1));
    done('applied_1');

    const patched = await deps.controlPlane.patchBot(botId, PATCH);
    done('patched');
    await look(`version ${patched.desired_version} to be applied`, appliedAt(patched.desired_version));
    done('applied_2');

    gateway = await openGateway(deps, bounds, botId);
    result.openclaw_version = gateway.server.version;
    await waitUntilRuns(deps, bounds, { botId, version: patched.desired_version, gateway });
    done('synced');

    await untilListed(deps, bounds, [botId]);
    done('listed');

    await runJob(deps, bounds, { botId, gateway });
    done('cron_result');

    const rolledBack = await deps.controlPlane.rollback(botId, 1);
    done('rolled_back');
    await look(`version ${rolledBack.desired_version} to be applied`, appliedAt(rolledBack.desired_version));
    await waitUntilRuns(deps, bounds, { botId, version: rolledBack.desired_version, gateway });
    done('applied_3');

    gateway.close();
    await deps.controlPlane.decommission(botId);
    await look('the bot to be decommissioned', (bot) => bot.decommissioned_at !== null);
    await waitFor(bounds, 'the last process of the bot to end', () => (processesOfBot(botId).length === 0 ? true : null), {
      describe: () => processesOfBot(botId).map(({ pid }) => pid).join(', '),
    });
    await waitFor(bounds, 'the directory to have the bot no more', async () => {
      const instances = await instancesThere(deps.controlPlane);
      return instances.some(({ bot_id }) => bot_id === botId) ? null : true;
    });
    done('decommissioned');
    return { ...result, ok: true };
  } catch (error) {
    const failed = STEPS[result.steps.length];
    return { ...result, ...(failed && { failed_step: failed }), error: error instanceof Error ? error.message : String(error) };
  } finally {
    gateway?.close();
  }
}

/** The driver made it and says it runs; what the bot on it does comes after. */
const machineIsUp = ({ machine }: BotView) => machine !== null && ['booting', 'online'].includes(machine.state) && machine.provider_id !== null;

const appliedAt = (version: number) => (bot: BotView) => bot.sync_status === 'synced' && bot.applied_version === version;

async function openGateway({ machinesDir }: WalkDeps, bounds: Bounds, botId: string): Promise<GatewayClient> {
  let last = 'the machine has no gateway';
  return waitFor(
    bounds,
    'the gateway to let an independent client in',
    async () => {
      const found = localGateways(machinesDir).find((gateway) => gateway.botId === botId);
      if (!found) return null;
      return connectGateway(found).catch((error: unknown) => {
        last = String(error);
        return null;
      });
    },
    { describe: () => last },
  );
}

/** Sees for itself that the real gateway runs a version: its jobs in `cron.list`, its settings in `config.get`. */
async function waitUntilRuns(
  deps: WalkDeps,
  bounds: Bounds,
  { botId, version, gateway }: { botId: string; version: number; gateway: GatewayClient },
): Promise<void> {
  const wanted = await deps.controlPlane.getVersion(botId, version);
  let differences: string[] = [];
  await waitFor(
    bounds,
    `the gateway to run version ${version}`,
    async () => {
      differences = await differencesFrom(wanted, gateway);
      return differences.length === 0 ? true : null;
    },
    { describe: () => differences.join('; ') },
  );
}

/** Runs a generated job in OpenClaw and waits until its result is an event at the control plane. */
async function runJob(deps: WalkDeps, bounds: Bounds, { botId, gateway }: { botId: string; gateway: GatewayClient }): Promise<void> {
  const job = (await fleetJobs(gateway)).find(({ declarationKey }) => declarationKey === JOB);
  if (!job) throw new Error(`OpenClaw has no job ${JOB}`);
  const runId = await waitFor(bounds, `OpenClaw to run ${JOB}`, () => runJobNow(gateway, job.id), { everyMs: 500 });
  const result = await waitFor(bounds, `the result of run ${runId}`, () => findCronResult(deps.controlPlane, botId, runId));
  if (result.declaration_key !== JOB) throw new Error(`the result of run ${runId} names ${result.declaration_key}`);
  if (result.status !== 'ok') throw new Error(`${JOB} ended with ${result.status}: ${result.error ?? result.summary ?? 'no reason'}`);
}
