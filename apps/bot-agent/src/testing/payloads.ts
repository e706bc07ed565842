import { type BotConfigPayload, BotSettings, type BotSettingsInput } from '@trawling/contracts';
import { generateBotConfig, type OpenclawMachine } from '@trawling/domain';

export const BOT_ID = '01939e7c-0000-7000-8000-000000000001';

/** A payload as the control plane makes it. */
export const payloadWith = (
  settings: Partial<BotSettingsInput> = {},
  context: { version?: number; botId?: string; secrets?: { name: string; version: number }[] } = {},
): BotConfigPayload =>
  generateBotConfig({
    settings: BotSettings.parse({ name: 'Bot', ...settings }),
    context: {
      botId: context.botId ?? BOT_ID,
      version: context.version ?? 1,
      issuedAt: new Date('2026-11-21T08:00:00.000Z'),
      paused: false,
      holdTrading: false,
      secrets: context.secrets ?? [],
      runtime: { openclaw_version: '2026.9.6', agent_sha256: `sha256:${'0'.repeat(64)}` },
    },
  });

export const MACHINE: OpenclawMachine = {
  gatewayPort: 18_800,
  gatewayTokenFile: '/machine/agent/gateway-token',
  secretsFile: '/machine/agent/secrets.json',
  webhook: { url: 'http://127.0.0.1:4000/cron', token: 'webhook-token' },
  workspaceDir: '/machine/workspace',
  nodePath: '/runtime/node',
  agentFile: '/machine/agent.js',
  tradingParamsFile: '/machine/agent/trading-params.json',
  dataRetrievalUrl: null,
};
