import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire to Postgres that can be cut, and that can swallow what is sent over it, as when the other end lost its power. */
export async function openWire(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  let swallows = (_hello: string): boolean => false;
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    // What a connection says first: among others the name of who opened it.
    let hello: string | undefined;
    socket.once('data', (chunk: Buffer) => (hello = chunk.toString('latin1')));
    for (const [end, other] of [[socket, upstream], [upstream, socket]] as const) {
      sockets.add(end);
      end.on('error', () => other.destroy());
      end.on('close', () => {
        sockets.delete(end);
        other.destroy();
      });
      end.on('data', (chunk: Buffer) => {
        if (!swallows(hello ?? '')) other.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${port}`;
  const dropAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    cut: () => {
      isCut = true;
      dropAll();
    },
    /** Connections that said this stay open, now and later, and nothing comes through. */
    swallow: (part: string) => void (swallows = (hello) => hello.includes(part)),
    mend: () => {
      isCut = false;
      swallows = () => false;
    },
    close: async () => {
      dropAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
