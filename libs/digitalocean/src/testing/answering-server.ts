import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Asked = { method: string; url: string; body: unknown; token: string | undefined };
type Answer = (asked: Asked, res: ServerResponse) => void;

export type AnsweringServer = { url: string; asked: Asked[]; stop: () => Promise<void> };

/** Says what a spec wants the other side to say, for what no well-behaved service says. */
export async function startAnsweringServer(answer: Answer): Promise<AnsweringServer> {
  const asked: Asked[] = [];
  const server = createServer((req, res) => void answerOne(req, res));
  const answerOne = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    const one = { method: req.method ?? '', url: req.url ?? '', body: text === '' ? null : (JSON.parse(text) as unknown), token: req.headers.authorization };
    asked.push(one);
    answer(one, res);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    if (server.listening) await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${address.port}`, asked, stop };
}

export const sayJson = (res: ServerResponse, status: number, body: object): void =>
  void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
