import { type VersionView } from '@trawling/contracts';
import { z } from 'zod';
import { type GatewayClient } from './gateway-client.js';

/** Prefix of the declaration keys of generated jobs; everything else in OpenClaw's scheduler is not ours. */
export const FLEET_PREFIX = 'fleet:';

const CronJob = z.looseObject({
  id: z.string(),
  declarationKey: z.string().optional(),
  enabled: z.boolean(),
  schedule: z.looseObject({ expr: z.string().optional(), tz: z.string().optional() }),
  configRevision: z.string().optional(),
});
export type GatewayCronJob = z.infer<typeof CronJob>;
const CronList = z.looseObject({ jobs: z.array(CronJob) });

export const GatewayConfig = z.looseObject({
  valid: z.boolean(),
  configRevisionHash: z.string().nullable().optional(),
  appliedConfigHash: z.string().nullable().optional(),
  resolved: z.looseObject({
    agents: z.looseObject({ defaults: z.looseObject({ userTimezone: z.string().optional() }).optional() }).optional(),
  }),
});

/** The generated jobs in OpenClaw's scheduler, as OpenClaw lists them. */
export async function fleetJobs(gateway: GatewayClient): Promise<GatewayCronJob[]> {
  const { jobs } = CronList.parse(await gateway.request('cron.list', { includeDisabled: true, limit: 200 }));
  return jobs.filter((job) => job.declarationKey?.startsWith(FLEET_PREFIX));
}

export async function gatewayConfig(gateway: GatewayClient) {
  return GatewayConfig.parse(await gateway.request('config.get'));
}

/** What of a config version the real gateway does not show yet; empty when it runs it. */
export async function differencesFrom(version: z.infer<typeof VersionView>, gateway: GatewayClient): Promise<string[]> {
  const [jobs, config] = [await fleetJobs(gateway), await gatewayConfig(gateway)];
  const differences: string[] = [];
  if (!config.valid || config.configRevisionHash !== config.appliedConfigHash) differences.push('the gateway has not applied its config file');
  const timezone = config.resolved.agents?.defaults?.userTimezone;
  if (timezone !== version.settings.timezone) differences.push(`agents.defaults.userTimezone is ${timezone ?? 'not set'}`);

  const wanted = version.payload.cron_jobs.filter((job) => job.runner === 'openclaw');
  for (const job of wanted) {
    const found = jobs.find(({ declarationKey }) => declarationKey === `${FLEET_PREFIX}${job.name}`);
    if (!found) differences.push(`there is no job ${FLEET_PREFIX}${job.name}`);
    else if (found.schedule.expr !== job.schedule) differences.push(`${job.name} runs at ${found.schedule.expr ?? 'another kind of schedule'}`);
    else if (found.enabled !== job.enabled) differences.push(`${job.name} is ${found.enabled ? 'enabled' : 'disabled'}`);
  }
  const known = new Set(wanted.map((job) => `${FLEET_PREFIX}${job.name}`));
  for (const job of jobs) if (!known.has(job.declarationKey ?? '')) differences.push(`${job.declarationKey ?? job.id} should not be there`);
  return differences;
}
