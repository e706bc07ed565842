import { type OnStop } from '@trawling/runtime';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { runProgram } from '../run-program.js';

export type TlsFront = { socket: string; certificateFile: string };

/** What stands before the sync-adapter in production: TLS, here with a certificate of our own for one address, which leads from the machine's network to this socket. */
export async function openTlsFront(onStop: OnStop, input: { folder: string; address: string; targetPort: number }): Promise<TlsFront> {
  const [key, certificate] = [join(input.folder, 'tls-key.pem'), join(input.folder, 'tls-certificate.pem')];
  const subject = ['-subj', '/CN=Trawling Traders boot test', '-addext', `subjectAltName=IP:${input.address}`];
  await runProgram('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', ...subject, '-keyout', key, '-out', certificate]);

  const sockets = new Set<Socket>();
  const keep = <S extends Socket>(socket: S): S => {
    sockets.add(socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket)));
    return socket;
  };
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (client) => {
    const target = keep(connect(input.targetPort, '127.0.0.1'));
    keep(client).pipe(target).pipe(client);
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  });
  server.on('tlsClientError', () => undefined);
  const socket = join(input.folder, 'sync-adapter.sock');
  await new Promise<void>((listening) => server.listen(socket, listening));
  onStop(async () => {
    for (const open of sockets) open.destroy();
    await new Promise((closed) => server.close(closed));
  }, 'TLS');
  return { socket, certificateFile: certificate };
}
