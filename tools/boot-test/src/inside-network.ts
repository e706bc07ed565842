// Runs in the network of a machine, beside it: a cloud's metadata service, the way out to the sync-adapter, and a way in
// to the gateway, which listens on loopback only. A path in the file system is the same in every network.
//   node inside-network.js '<options as JSON>'
// Ends when whoever started it does (end of stdin).
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type NetConnectOpts, type Server } from 'node:net';
import { z } from 'zod';

const Options = z.object({
  gatewaySocket: z.string(),
  gatewayPort: z.int(),
  userDataFile: z.string(),
  syncAdapterAddress: z.string(),
  syncAdapterSocket: z.string(),
});

const relayTo = (target: NetConnectOpts): Server =>
  createServer((client) => {
    const to = connect(target);
    client.on('error', () => to.destroy()).on('close', () => to.destroy());
    to.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(to).pipe(client);
  });

const options = Options.parse(JSON.parse(process.argv[2] ?? 'null'));
createHttpServer((request, response) => {
  response.statusCode = request.url === '/metadata/v1/user-data' ? 200 : 404;
  response.end(response.statusCode === 200 ? readFileSync(options.userDataFile) : 'not found\n');
}).listen(80, '169.254.169.254');
relayTo({ path: options.syncAdapterSocket }).listen(443, options.syncAdapterAddress);
relayTo({ host: '127.0.0.1', port: options.gatewayPort }).listen(options.gatewaySocket);
process.stdin.resume().once('end', () => process.exit(0));
