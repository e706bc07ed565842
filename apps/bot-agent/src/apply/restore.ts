import { type JsonObject } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { type Attempt } from '../state/agent-state.js';
import { type ApplyDeps } from './apply-deps.js';

type RestoreDeps = Pick<ApplyDeps, 'host' | 'paths' | 'gateway' | 'api' | 'control'>;

/**
 * Puts the files back as they were before the attempt, byte for byte. Works without a gateway: a running one takes
 * the file over by itself, one that gave up on a broken config is asked to start again.
 */
export async function restoreBase({ host, paths, gateway, api, control }: RestoreDeps, base: Attempt['base']): Promise<void> {
  // A gateway that is away reads the file when it starts.
  if (await putBack(host, paths.secrets, base.secrets)) await api.secretsReload().catch(() => undefined);
  if (base.trading_params === null) await host.remove(paths.tradingParams);
  await putBack(host, paths.tradingParams, base.trading_params);
  const current = await host.readText(paths.openclawConfig);
  if (base.config === null || (current !== null && sameConfig(current, base.config))) return;
  await host.writeAtomic(paths.openclawConfig, base.config);
  if (gateway.state() !== 'ready') await control.restart();
}

async function putBack(host: ApplyDeps['host'], path: string, text: string | null): Promise<boolean> {
  if (text === null || (await host.readText(path)) === text) return false;
  await host.writeAtomic(path, text);
  return true;
}

/** Equal but for `meta`, where OpenClaw notes who wrote last: rewriting for that would only make noise. */
export function sameConfig(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    const [left, right]: JsonObject[] = [JSON.parse(a), JSON.parse(b)];
    return canonicalJson({ ...left, meta: null }) === canonicalJson({ ...right, meta: null });
  } catch {
    return false;
  }
}
