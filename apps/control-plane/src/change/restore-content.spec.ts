import { BotSettings, type BotConfigPayload } from '@trawling/contracts';
import { generateBotConfig, payloadHash } from '@trawling/domain';
import { restoreContent } from './restore-content.js';

type Overrides = Partial<Parameters<typeof generateBotConfig>[0]['context']> & { strictness?: 'low' | 'high' };

const make = ({ strictness = 'low', ...context }: Overrides): BotConfigPayload =>
  generateBotConfig({
    settings: BotSettings.parse({ name: 'Bot', strictness, channels: { telegram: { token_secret: 'chat' } } }),
    context: {
      botId: '0199a000-0000-7000-8000-000000000001',
      version: 1,
      issuedAt: new Date('2026-01-01T00:00:00Z'),
      paused: false,
      holdTrading: false,
      secrets: [{ name: 'llm_api_key', version: 1 }, { name: 'chat', version: 1 }],
      runtime: { openclaw_version: '2026.9.6', agent_sha256: `sha256:${'a'.repeat(64)}` },
      ...context,
    },
  });

describe('restoring the content of an older version', () => {
  it('is exactly the fresh payload when the generator has not changed', () => {
    const fresh = make({ version: 5, paused: true, issuedAt: new Date('2026-02-02T00:00:00Z') });

    expect(restoreContent(make({}), fresh)).toEqual(fresh);
  });

  it('keeps what was generated then, also when the generator would make something else today', () => {
    const old = make({});
    const changed = { ...old, trading_params: { ...old.trading_params, assets: ['OLD'] }, intervals: { poll_seconds: 7, heartbeat_seconds: 7 } };

    const restored = restoreContent(changed, make({ version: 9 }));

    expect(restored).toMatchObject({ version: '9', trading_params: { assets: ['OLD'] }, intervals: { poll_seconds: 7 } });
  });

  it('takes the newest secrets and leaves out those that are gone', () => {
    const restored = restoreContent(make({}), make({ version: 2, secrets: [{ name: 'llm_api_key', version: 4 }] }));

    expect(restored.llm_config.api_key).toEqual({ secret: 'llm_api_key', version: 4 });
    expect(restored.agent_config.channels).toEqual({});
  });

  it('keeps a paused bot paused, and the risk check running', () => {
    const restored = restoreContent(make({}), make({ version: 2, paused: true }));

    expect(restored.trading_params.trading_enabled).toBe(false);
    expect(restored.cron_jobs.filter((job) => job.enabled).map((job) => job.name)).toEqual(['risk-check', 'health-ping', 'config-sync']);
  });

  it('has the hash of what it is', () => {
    const restored = restoreContent(make({}), make({ version: 2, strictness: 'high' }));

    expect(restored.hash).toBe(payloadHash(restored));
  });
});
