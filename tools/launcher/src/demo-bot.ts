import { type CreateBotRequest } from '@trawling/contracts';
import { type z } from 'zod';

type LlmSettings = NonNullable<z.input<typeof CreateBotRequest>['settings']['llm']>;
export type DemoLlm = {
  settings: LlmSettings & { model: string };
  key: string;
  /** How to get another one; empty when it is a real one. */
  hint: string;
};

export const STAND_IN_MODEL = 'stand-in';

/** The real provider when its key is at hand; else the stand-in, which takes any key. */
export function chooseLlm(env: NodeJS.ProcessEnv, standInUrl: string): DemoLlm {
  const openai = env['OPENAI_API_KEY'];
  if (openai) return { settings: { provider: 'openai', model: 'gpt-6-astra' }, key: openai, hint: '' };
  const anthropic = env['ANTHROPIC_API_KEY'];
  if (anthropic) return { settings: { provider: 'anthropic', model: 'claude-sonnet-5' }, key: anthropic, hint: '' };
  return {
    settings: { provider: 'openai-compatible', model: STAND_IN_MODEL, base_url: `${standInUrl}/v1` },
    key: 'stand-in',
    hint: 'for a real one, set OPENAI_API_KEY or ANTHROPIC_API_KEY before npm start',
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
