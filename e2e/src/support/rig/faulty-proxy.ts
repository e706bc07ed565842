import { connect, createServer, type Socket } from 'node:net';

export type FaultyProxy = {
  url: string;
  port: number;
  /** The next answer that begins is thrown away and its connection broken: whoever asked never learns what became of it. */
  loseNextAnswer: () => void;
  /** Breaks every connection and takes no new one until mended. */
  cut: () => void;
  mend: () => void;
  close: () => Promise<void>;
};

/** A TCP line to a server on this machine, with the faults a network has. */
export async function openFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  const state = { isCut: false, loses: false };
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    keep(client);
    if (state.isCut) return void client.destroy();
    const upstream = keep(connect(targetPort, '127.0.0.1'));
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (!state.loses) return void client.write(chunk);
      state.loses = false;
      client.destroy();
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const dropAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    loseNextAnswer: () => void (state.loses = true),
    cut: () => {
      state.isCut = true;
      dropAll();
    },
    mend: () => void (state.isCut = false),
    close: async () => {
      dropAll();
      await new Promise((closed) => server.close(closed));
    },
  };
}
