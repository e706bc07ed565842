import { STREAM_CLOSE } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { createBotStreams } from './bot-streams.js';

/** The server's end of a real stream, with the bot at its other end. */
async function openPair() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const taken = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const bot = new WebSocket(`ws://127.0.0.1:${port}`);
  const socket = await taken;
  return { bot, socket, close: () => new Promise((resolve) => server.close(resolve)) };
}

it('a bot that does not read what it is told is let go with 1013 before much waits for it', async () => {
  const { bot, socket, close } = await openPair();
  const clock = createFakeClock();
  const streams = createBotStreams({ findCredentials: async () => [], confirmedAt: () => clock.monotonicMs(), clock, logger: createMemoryLogger().logger });
  const closed = new Promise<number>((resolve) => bot.once('close', resolve));
  streams.add(socket, { botId: 'a', credentialId: 'a', generation: 1 }, streams.moment());
  await until(() => bot.readyState === WebSocket.OPEN);
  bot.pause();
  // What the kernel takes without anyone reading.
  while (socket.bufferedAmount < 100_000) {
    socket.send(Buffer.alloc(1_000_000));
    await new Promise((resolve) => setImmediate(resolve));
  }

  await clock.advance(1_000);
  streams.publish({ topic: 'config', ids: ['a'] });
  await until(() => streams.size() === 0);
  bot.resume();

  expect(await closed).toBe(STREAM_CLOSE.overloaded);
  await streams.close();
  await close();
});
