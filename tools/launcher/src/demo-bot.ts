import { type CreateBotRequest } from '@trawling/contracts';
import { type z } from 'zod';

export type DemoLlm = { description: string; settings: object; key: string };

/** The real provider when its key is at hand; else the stand-in, which takes any key. */
export function chooseLlm(env: NodeJS.ProcessEnv, standInUrl: string): DemoLlm {
  const openai = env['OPENAI_API_KEY'];
  if (openai) return { description: 'OpenAI (OPENAI_API_KEY)', settings: { provider: 'openai' }, key: openai };
  const anthropic = env['ANTHROPIC_API_KEY'];
  if (anthropic) {
    return { description: 'Anthropic (ANTHROPIC_API_KEY)', settings: { provider: 'anthropic', model: 'claude-sonnet-5' }, key: anthropic };
  }
  return {
    description: 'the development stand-in (set OPENAI_API_KEY or ANTHROPIC_API_KEY for a real one)',
    settings: { provider: 'openai-compatible', model: 'stand-in', base_url: `${standInUrl}/v1` },
    key: 'stand-in',
  };
}

/** Label by which the next start finds the demo bots again. */
export const DEMO_LABEL = 'demo';

/** A paper bot that looks for its config every two seconds, so that a change is there before one has looked up. */
export function demoBotRequest(input: { number: number; llm: DemoLlm }): z.input<typeof CreateBotRequest> {
  return {
    owner_id: 'demo',
    labels: { [DEMO_LABEL]: String(input.number) },
    settings: {
      name: `Demo bot ${input.number}`,
      trading_mode: 'paper',
      llm: input.llm.settings,
      schedule: { 'config-sync': '*/2 * * * * *', 'health-ping': '*/3 * * * * *' },
    },
    secrets: { llm_api_key: input.llm.key },
  };
}
