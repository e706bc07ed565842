import { createServer } from 'node:http';
import { closeServer, listenOnLoopback } from '../local/loopback-listener.js';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { isGatewayReady } from './readyz.js';

describe('asking a gateway whether it is ready', () => {
  it('ends in its time, also when the answer comes in drops', async () => {
    const dripping: NodeJS.Timeout[] = [];
    const server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      dripping.push(setInterval(() => response.write(' '), 20));
    });
    const port = await listenOnLoopback(server, 0, createMemoryLogger().logger);

    const ready = await isGatewayReady(`http://127.0.0.1:${port}`, 200);

    expect(ready).toBe(false);
    for (const drip of dripping) clearInterval(drip);
    await closeServer(server);
  });
});
