import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export type WireRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };
export type WireAnswer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

/** What happens to a request that stands on the wire, or to its answer. */
export type RequestFate =
  | { kind: 'pass' }
  /** The connection breaks and nothing arrives. */
  | { kind: 'lose' }
  /** The connection breaks; the request arrives all the same, later. */
  | { kind: 'arrive_late' }
  /** Answered by something in between; the cloud never hears of it. */
  | { kind: 'answer'; answer: WireAnswer };
export type AnswerFate = { kind: 'pass' } | { kind: 'lose' } | { kind: 'replace'; answer: WireAnswer };

export type WireHandler = {
  /** Decides, as late as it likes. */
  onRequest: (request: WireRequest) => Promise<RequestFate>;
  onAnswer: (request: WireRequest, answer: WireAnswer) => Promise<AnswerFate>;
  /** Takes over a request whose connection is broken already. */
  sendLate: (send: () => Promise<void>) => void;
};

/** The line between one worker and the cloud. */
export async function openWire(target: () => string, handler: WireHandler): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((incoming, response) => {
    void carry(target(), handler, incoming, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function carry(target: string, handler: WireHandler, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const request: WireRequest = { method: incoming.method ?? 'GET', path: incoming.url ?? '/', headers: incoming.headers, body: await readAll(incoming) };
  const fate = await handler.onRequest(request);
  if (fate.kind === 'answer') return write(response, fate.answer);
  if (fate.kind !== 'pass') {
    response.destroy();
    if (fate.kind === 'arrive_late') handler.sendLate(async () => void (await sendRequest(target, request)));
    return;
  }
  const answer = await sendRequest(target, request);
  const answerFate = await handler.onAnswer(request, answer);
  if (answerFate.kind === 'lose') response.destroy();
  else write(response, answerFate.kind === 'replace' ? answerFate.answer : answer);
}

function write(response: ServerResponse, { status, headers, body }: WireAnswer): void {
  if (response.destroyed) return;
  const { 'transfer-encoding': _, connection: __, ...kept } = headers;
  response.writeHead(status, { ...kept, 'content-length': body.length });
  response.end(body);
}

async function sendRequest(target: string, { method, path, headers, body }: WireRequest): Promise<WireAnswer> {
  const { host: _, connection: __, 'transfer-encoding': ___, ...kept } = headers;
  const outgoing = httpRequest(new URL(path, target), { method, headers: { ...kept, 'content-length': body.length }, agent: false });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await readAll(answer) };
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
