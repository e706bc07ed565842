import type { BotConfigPayload } from '@trawling/contracts';
import { payloadHash } from '@trawling/domain';

/**
 * An older snapshot as a new version: its content as it was generated then, with what must be of today taken from
 * `fresh`, the payload today's generator makes: number and time, the secrets' versions, the pause state, the runtime.
 * So a rollback brings back what ran, a pause changes nothing but the pause, and neither lets a newer generator in.
 */
export function restoreContent(old: BotConfigPayload, fresh: BotConfigPayload): BotConfigPayload {
  const enabledNow = new Map(fresh.cron_jobs.map((job) => [job.name, job.enabled]));
  const { hash: _, ...content } = {
    ...old,
    version: fresh.version,
    issued_at: fresh.issued_at,
    runtime: fresh.runtime,
    agent_config: { ...old.agent_config, channels: fresh.agent_config.channels },
    llm_config: { ...old.llm_config, api_key: fresh.llm_config.api_key },
    trading_params: { ...old.trading_params, trading_enabled: fresh.trading_params.trading_enabled },
    cron_jobs: old.cron_jobs.map((job) => ({ ...job, enabled: enabledNow.get(job.name) ?? job.enabled })),
  } satisfies BotConfigPayload;
  return { ...content, hash: payloadHash(content) };
}
