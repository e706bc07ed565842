import { BotView, ChangeAccepted } from '@trawling/contracts';
import { type DigitalOcean } from '@trawling/digitalocean';
import { botTag } from '../digitalocean/droplet-identity.js';
import { type SmokeDeps } from './smoke-options.js';
import { within } from './within.js';

/** A paper bot of a real installation, from POST /bots to its first config applied, and its end down to the last droplet. */
export async function smokeBot(deps: SmokeDeps, client: DigitalOcean): Promise<void> {
  const { pace, say, signal } = deps;
  const call = callerOf(deps);
  const settings = { name: 'Smoke test', trading_mode: 'paper', llm: { provider: 'openai', model: 'gpt-6-astra' } };
  const { bot_id: botId } = ChangeAccepted.parse((await call('POST', '/bots', { owner_id: 'smoke-test', settings, secrets: { llm_api_key: 'none' } })).body);
  say(`  bot ${botId}`);
  try {
    let told = '';
    await within({ ...pace, signal, what: 'the bot is online and has its config', ms: pace.onlineMs }, async () => {
      const { body } = await call('GET', `/bots/${botId}`);
      const bot = BotView.parse(body);
      const now = `${bot.machine?.state ?? 'no machine'}${bot.machine?.boot_stage ? ` (${bot.machine.boot_stage})` : ''}: ${bot.machine?.reason ?? ''}; ${bot.sync_message}`;
      if (now !== told) say(`  ${now}`);
      told = now;
      return bot.machine?.state === 'online' && bot.applied_version === bot.desired_version;
    });
  } finally {
    await call('DELETE', `/bots/${botId}`);
    await within({ ...pace, signal: AbortSignal.timeout(2 * pace.goneMs), what: 'no droplet of the bot is left', ms: pace.goneMs }, async () =>
      BotView.parse((await call('GET', `/bots/${botId}`)).body).machine?.state === 'gone'
      && (await client.listDroplets({ tag: botTag(botId) })).length === 0 && (await client.listDroplets({ name: `bot-${botId}-g1` })).length === 0);
    say('  the bot and its droplet are gone');
  }
}

type Call = (method: string, path: string, body?: object) => Promise<{ status: number; body: unknown }>;

function callerOf({ env }: SmokeDeps): Call {
  return async (method, path, body) => {
    const answer = await fetch(new URL(path, env.CONTROL_PLANE_URL), {
      method,
      headers: { 'authorization': `Bearer ${env.CONTROL_PLANE_API_KEY ?? ''}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text.slice(0, 500)}`);
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
}
