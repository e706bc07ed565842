import type { BotConfigPayload, JsonObject } from '@trawling/contracts';
import { mergePatch } from './merge-patch.js';
import { fileSecretRef, machineOwnedSettings, type OpenclawMachine } from './openclaw-machine.js';

/** Where OpenClaw wants a channel's token. */
const CHANNEL_TOKEN_KEYS = new Map([
  ['telegram', 'botToken'],
  ['discord', 'token'],
]);

/** For a server OpenClaw has no catalog row of. */
const UNKNOWN_MODEL = { contextWindow: 128_000, maxTokens: 8192 } as const;

/** Most tokens of a prompt, whatever the model could take: what one call may cost at most. */
export const MAX_PROMPT_TOKENS = 32_000;

/**
 * Every OpenClaw setting we manage on this machine: the version's own settings, the LLM provider, channels, the
 * agent's name, then what belongs to the machine, which always wins. Secrets appear as references to the secrets
 * file. What is not in here is not ours: diffManaged leaves it alone.
 */
export function renderOpenclawConfig(payload: BotConfigPayload, machine: OpenclawMachine): JsonObject {
  const { agent_config, llm_config } = payload;
  return [
    llmSettings(llm_config),
    channelSettings(agent_config.channels),
    identitySettings(agent_config),
    machineOwnedSettings(machine),
  ].reduce((config, settings) => mergePatch(config, settings), agent_config.openclaw);
}

function llmSettings(llm: BotConfigPayload['llm_config']): JsonObject {
  return {
    models: {
      providers: {
        [llm.provider]: {
          api: llm.provider === 'anthropic' ? 'anthropic-messages' : 'openai-completions',
          ...(llm.base_url === undefined ? {} : { baseUrl: llm.base_url }),
          ...(llm.api_key === null ? {} : { apiKey: fileSecretRef(llm.api_key.secret) }),
          models: [{ id: llm.model, name: llm.model, contextTokens: MAX_PROMPT_TOKENS, ...(llm.provider === 'openai-compatible' ? UNKNOWN_MODEL : {}) }],
        },
      },
    },
    agents: { defaults: { model: { primary: `${llm.provider}/${llm.model}` } } },
  };
}

function channelSettings(channels: BotConfigPayload['agent_config']['channels']): JsonObject {
  const rendered: JsonObject = {};
  for (const [name, { enabled, token }] of Object.entries(channels)) {
    const tokenKey = CHANNEL_TOKEN_KEYS.get(name);
    if (tokenKey) rendered[name] = { enabled, [tokenKey]: fileSecretRef(token.secret) };
  }
  return Object.keys(rendered).length === 0 ? {} : { channels: rendered };
}

function identitySettings({ name }: BotConfigPayload['agent_config']): JsonObject {
  return { agents: { entries: { main: { name, identity: { name } } } } };
}
