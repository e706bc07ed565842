import { once } from 'node:events';
import { type Server } from 'node:http';
import { createStandIn } from './app.js';

let server: Server;
let url: string;

beforeEach(async () => {
  server = createStandIn({ now: () => new Date('2026-01-01T00:00:00Z') }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  url = `http://127.0.0.1:${address.port}`;
});
afterEach(() => new Promise((done) => server.close(done)));

const chat = (body: object) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-test' },
    body: JSON.stringify(body),
  });
const user = { role: 'user', content: 'hello' };
const exec = { type: 'function', function: { name: 'exec', parameters: {} } };

describe('the LLM stand-in', () => {
  it('answers a chat completion with one short text', async () => {
    const answer = await (await chat({ model: 'stand-in', messages: [user] })).json();

    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'stand-in',
      choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: expect.stringContaining('does nothing') } }],
      usage: { total_tokens: expect.any(Number) },
    });
  });

  it('streams the same answer as server-sent events that end with [DONE]', async () => {
    const text = await (await chat({ model: 'stand-in', stream: true, messages: [user] })).text();

    const events = text.trim().split('\n\n').map((line) => line.replace('data: ', ''));
    expect(events.at(-1)).toBe('[DONE]');
    expect(JSON.parse(events[0] ?? '')).toMatchObject({ object: 'chat.completion.chunk', choices: [{ delta: { content: expect.any(String) } }] });
    expect(JSON.parse(events[1] ?? '')).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  it('asks for the same tool again and again as loop-forever', async () => {
    const ask = async (messages: object[]) => (await chat({ model: 'loop-forever', tools: [exec], messages })).json();

    const first = await ask([user]);
    const later = await ask([user, { role: 'tool', content: 'round 0' }, { role: 'tool', content: 'round 0' }]);

    const call = (answer: unknown) => (answer as { choices: [{ message: { tool_calls: [{ function: object }] } }] }).choices[0].message.tool_calls[0].function;
    expect(call(first)).toEqual({ name: 'exec', arguments: '{"command":"echo round 0"}' });
    expect(call(later)).toEqual(call(first));
  });

  it('asks with other arguments each time as loop-forever-varied', async () => {
    const answer = await (await chat({ model: 'loop-forever-varied', tools: [exec], messages: [user, { role: 'tool', content: 'x' }] })).json();

    expect(JSON.stringify(answer)).toContain('echo round 1');
  });

  it('counts calls per model and calls with a key, and lists its models', async () => {
    await chat({ model: 'stand-in', messages: [user] });
    await chat({ model: 'loop-forever', messages: [user] });
    await chat({ model: 'loop-forever', messages: [user] });

    expect(await (await fetch(`${url}/stats`)).json()).toEqual({ calls: { 'stand-in': 1, 'loop-forever': 2 }, with_key: 3 });
    expect(JSON.stringify(await (await fetch(`${url}/v1/models`)).json())).toContain('loop-forever');
  });

  it('refuses what is not a chat completion request', async () => {
    expect((await chat({ messages: 'no' })).status).toBe(400);
  });
});
