import type { JsonObject } from '@trawling/contracts';

/** What every generated OpenClaw config starts from (OpenClaw 2026.9.6). */
export const SAFE_BASE: JsonObject = {
  cron: { skipMissedJobs: true },
};
