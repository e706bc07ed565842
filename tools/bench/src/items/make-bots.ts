import { ChangeAccepted } from '@trawling/contracts';
import { Agent, request } from 'node:http';
import { type Provisioning } from '../world/open-provisioning.js';

export type MadeBot = { botId: string; tookMs: number; /** By the wall clock. */ answeredAt: number };

/** POST /bots as an app backend does it, on so many kept-alive connections. */
export async function makeBots({ controlPlaneUrl, apiKey }: Provisioning, input: { count: number; connections: number }): Promise<MadeBot[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: input.connections });
  const made: MadeBot[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < input.count) {
      next += 1;
      const body = JSON.stringify({ owner_id: 'bench', settings: { name: `Bot ${next}`, llm: { provider: 'openai', model: 'gpt-6-astra' } } });
      const startedAt = performance.now();
      const { status, text } = await post(agent, `${controlPlaneUrl}/bots`, apiKey, body);
      const tookMs = performance.now() - startedAt;
      if (status >= 300) throw new Error(`POST /bots was answered with ${status}: ${text}`);
      made.push({ botId: ChangeAccepted.parse(JSON.parse(text)).bot_id, tookMs, answeredAt: Date.now() });
    }
  };
  await Promise.all(Array.from({ length: input.connections }, one));
  agent.destroy();
  return made;
}

function post(agent: Agent, url: string, apiKey: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'authorization': `Bearer ${apiKey}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part)).once('end', () => resolve({ status: answer.statusCode ?? 0, text })).once('error', reject);
    });
    call.once('error', reject);
    call.end(body);
  });
}
