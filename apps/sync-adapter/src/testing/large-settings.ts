import type { BotSettingsInput } from '@trawling/contracts';

/** Settings that make a payload of about 200 KB; another alias is a change of one field. */
export const largeSettings = (alias: string): Partial<BotSettingsInput> => ({
  openclaw: {
    agents: {
      defaults: {
        models: Object.fromEntries(
          Array.from({ length: 3_000 }, (_, n) => [`openai/large-model-number-${n}`, { alias: n === 7 ? alias : `alias-${n}-of-a-model` }]),
        ),
      },
    },
  },
});
