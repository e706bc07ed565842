import { JsonObject } from '@trawling/contracts';
import { CRON_KEY_PREFIX } from '@trawling/domain';
import { z } from 'zod';
import { type ConfigSnapshot } from '../gateway/openclaw-types.js';
import { type ApplyDeps } from './apply-deps.js';
import { type Running } from './plan.js';

export interface Observation {
  snapshot: ConfigSnapshot;
  running: Running;
}

/**
 * Reads what runs. The file is read, not `config.get`'s copy of it, where everything OpenClaw holds to be secret is
 * blacked out; its hash is read first, so that a change in between makes the next write a conflict.
 */
export async function observe(
  deps: Pick<ApplyDeps, 'host' | 'paths' | 'api'>,
  fallback: JsonObject,
): Promise<Observation> {
  const snapshot = await deps.api.configGet();
  const text = (await deps.host.readText(deps.paths.openclawConfig)) ?? '';
  const jobs = (await deps.api.cronList()).filter((job) => job.declarationKey?.startsWith(CRON_KEY_PREFIX));
  return {
    snapshot,
    running: {
      config: snapshot.valid ? readConfig(text) : null,
      configBytes: Buffer.byteLength(text),
      fallback,
      jobs,
      tradingParams: await deps.host.readText(deps.paths.tradingParams),
      secrets: readSecrets(await deps.host.readText(deps.paths.secrets)),
    },
  };
}

/** OpenClaw also takes JSON5, which only a hand can have written: then nothing is known and all of ours is patched in. */
export function readConfig(text: string): JsonObject {
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

export function readSecrets(text: string | null): Record<string, string> | null {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}
