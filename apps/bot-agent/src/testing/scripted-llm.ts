import { createServer, type ServerResponse } from 'node:http';
import { z } from 'zod';

/** What the n-th call (from 1) is answered with: a text, or a tool call. */
export type Script = (call: number) => string | { tool: string; args: object };

export interface ScriptedLlm {
  /** For `llm.base_url`. */
  url: string;
  /** From now on; the count starts again. */
  answer(script: Script): void;
  /** Calls since the script was given. */
  calls(): number;
  /** The API key that the last call came with; empty before the first. */
  lastKey(): string;
  /** Calls whose messages contain this text are answered by nothing until that is released. */
  hold(text: string): { held(): number; release(): void };
  close(): Promise<void>;
}

const Request = z.object({ messages: z.array(z.unknown()) });

/** An OpenAI-compatible server on loopback that answers at once with what the script says. */
export async function startScriptedLlm(): Promise<ScriptedLlm> {
  let script: Script = () => 'nothing to do';
  let calls = 0;
  let lastKey = '';
  let holding: { text: string; responses: ServerResponse[] } | null = null;

  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const { messages } = Request.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    if (holding && JSON.stringify(messages).includes(holding.text)) return void holding.responses.push(response);
    calls += 1;
    lastKey = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    send(response, script(calls), calls);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');

  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    answer: (next) => {
      script = next;
      calls = 0;
    },
    calls: () => calls,
    lastKey: () => lastKey,
    hold: (text) => {
      const held = { text, responses: [] as ServerResponse[] };
      holding = held;
      return {
        held: () => held.responses.length,
        release: () => {
          holding = null;
          for (const response of held.responses) send(response, 'done', 1);
        },
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, answer: ReturnType<Script>, id: number): void {
  const call = (tool: string, args: object) => ({ index: 0, id: `call_${id}`, type: 'function', function: { name: tool, arguments: JSON.stringify(args) } });
  const delta = typeof answer === 'string' ? { content: answer } : { tool_calls: [call(answer.tool, answer.args)] };
  const chunk = (choice: object) =>
    `data: ${JSON.stringify({ id: `c${id}`, object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, ...choice }] })}\n\n`;
  response.setHeader('content-type', 'text/event-stream');
  response.write(chunk({ delta: { role: 'assistant', ...delta }, finish_reason: null }));
  response.write(chunk({ delta: {}, finish_reason: typeof answer === 'string' ? 'stop' : 'tool_calls' }));
  response.end('data: [DONE]\n\n');
}
