import { InstanceStatus, STATUS_PATH } from '@trawling/contracts';
import { listen } from '../listen.js';

export type StatusReceiver = {
  /** For OPENCLAW_BASE_URL. */
  url: string;
  /** What came, in its order. */
  received: () => InstanceStatus[];
  /** The health that each told, one that was told twice in a row once. */
  told: () => string[];
  close: () => Promise<void>;
};

/** Takes statuses as the directory does, and only keeps them. Throws in the test what is no status. */
export async function openStatusReceiver(): Promise<StatusReceiver> {
  const bodies: string[] = [];
  const { url, server } = await listen((req, res) => {
    let body = '';
    req.on('data', (chunk: Buffer) => (body += chunk.toString()));
    req.on('end', () => {
      const isStatus = req.method === 'POST' && req.url === STATUS_PATH;
      if (isStatus) bodies.push(body);
      res.writeHead(isStatus ? 204 : 404).end();
    });
  }, { port: 0, host: '127.0.0.1' });
  const received = (): InstanceStatus[] => bodies.map((body) => InstanceStatus.parse(JSON.parse(body)));
  return {
    url,
    received,
    told: () => received().map(({ health }) => health.status).filter((health, index, all) => health !== all[index - 1]),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
