import { createServer, type Server } from 'node:http';
import { type BenchFleet } from '../seed/bench-fleet.js';

/** Node adds these itself, to every answer. */
const NODES_OWN = new Set(['date', 'connection', 'keep-alive']);

/**
 * A bare node:http server that answers each bot the very 304 that the sync-adapter answers it, header by header, and
 * looks at nothing but the address: no credential, no If-None-Match. `headers` are those of one such answer, as they
 * came, names and values in turn.
 */
export function bare304(fleet: BenchFleet, headers: readonly string[]): Server {
  const [first] = fleet.bots;
  const common: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name = '', value = ''] = headers.slice(at);
    if (!NODES_OWN.has(name.toLowerCase())) common.push(name, value);
  }
  const answers = new Map(
    fleet.bots.map(({ bot_id, hash }) => [`/bots/${bot_id}/config`, common.map((text) => (text === `"${first?.hash}"` ? `"${hash}"` : text))]),
  );
  return createServer((req, res) => {
    const answer = answers.get(req.url ?? '');
    if (answer) res.writeHead(304, answer).end();
    else res.writeHead(404).end();
  });
}
