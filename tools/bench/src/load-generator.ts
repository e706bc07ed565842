// A process of its own that asks: told what over IPC, answers with a LoadResult.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { generateLoad } from './load/generate-load.js';
import { GOOD_STATUS, type LoadKind, requestsOf } from './load/requests.js';
import { BenchFleet } from './seed/bench-fleet.js';

export const LoadOrder = z.object({
  url: z.url(),
  kind: z.enum(['poll', 'heartbeat', 'metrics'] satisfies LoadKind[]),
  fleetFile: z.string(),
  connections: z.int(),
  warmUpMs: z.number(),
  measureMs: z.number(),
  rate: z.number().nullable(),
});
export type LoadOrder = z.infer<typeof LoadOrder>;

const fleets = new Map<string, BenchFleet>();
const readFleet = (file: string): BenchFleet => {
  const fleet = fleets.get(file) ?? BenchFleet.parse(JSON.parse(readFileSync(file, 'utf8')));
  fleets.set(file, fleet);
  return fleet;
};

process.on('message', (message) => {
  const order = LoadOrder.parse(message);
  const { hostname: host, port } = new URL(order.url);
  const fleet = readFleet(order.fleetFile);
  const next = requestsOf(order.kind, fleet, `${host}:${port}`);
  const warmUpRequests = order.rate === null ? fleet.bots.length : 0;
  const plan = { ...order, host, port: Number(port), warmUpRequests, goodStatus: GOOD_STATUS[order.kind] };
  generateLoad(plan, next).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
