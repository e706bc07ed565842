import { createServer, type Server } from 'node:http';
import { type BenchFleet } from '../seed/bench-fleet.js';

/**
 * A bare node:http server that answers each bot the very 304 that the sync-adapter answers it, header by header, and
 * looks at nothing but the address: no credential, no If-None-Match.
 */
export function bare304(fleet: BenchFleet): Server {
  const answers = new Map(
    fleet.bots.map(({ bot_id, hash }) => [
      `/bots/${bot_id}/config`,
      [
        'ETag', `"${hash}"`,
        'Cache-Control', 'private, no-store',
        'Vary', 'Accept, Authorization',
        'X-Request-Id', bot_id,
      ],
    ]),
  );
  return createServer((req, res) => {
    const headers = answers.get(req.url ?? '');
    if (headers) res.writeHead(304, headers).end();
    else res.writeHead(404).end();
  });
}
