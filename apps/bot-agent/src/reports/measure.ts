import { type GatewayApi } from '../gateway/gateway-api.js';
import { type Reporter } from './reporter.js';

/** A few numbers with every heartbeat; none of them is worth failing for. */
export async function measure(deps: { api: Pick<GatewayApi, 'systemInfo'>; gatewayIsReady: boolean; agentRssBytes: number; reporter: Reporter }): Promise<void> {
  const { reporter } = deps;
  await reporter.metric('agent.rss_bytes', deps.agentRssBytes);
  if (!deps.gatewayIsReady) return;
  const info = await deps.api.systemInfo().catch(() => null);
  if (info === null) return;
  await reporter.metric('gateway.uptime_seconds', Math.round(info.uptimeMs / 1000));
  if (info.processMemory) await reporter.metric('gateway.rss_bytes', info.processMemory.rssBytes);
}
