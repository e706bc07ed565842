import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

export type FakeAgentServer = { url: string; requests: string[]; serve: (content: Buffer | null) => void; close: () => Promise<void> };

/** Serves whatever it is told under every digest: the machine must check it. */
export async function startFakeAgentServer(content: Buffer | null): Promise<FakeAgentServer> {
  const requests: string[] = [];
  let served = content;
  const server = createServer((req, res) => {
    requests.push(req.url ?? '');
    if (served) res.end(served);
    else res.writeHead(503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: AddressInfo = addressOf(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    serve: (next) => void (served = next),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address;
}
