// node dist/baseline-server.js <kind>: what the sync-adapter is compared with. DATABASE_URL, FLEET_FILE and ANSWER_HEADERS say with what.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { z } from 'zod';
import { bare304 } from './baseline/bare-304.js';
import { expressApp } from './baseline/express-app.js';
import { saveWithPreparedUpdate, saveWithPrisma } from './baseline/heartbeat-baselines.js';
import { saveWithCreateMany } from './baseline/metrics-baseline.js';
import { BenchFleet } from './seed/bench-fleet.js';

const Env = z.object({ DATABASE_URL: z.url(), FLEET_FILE: z.string(), ANSWER_HEADERS: z.string().default('[]') });

const { DATABASE_URL, FLEET_FILE, ANSWER_HEADERS } = Env.parse(process.env);

const kinds: Record<string, (fleet: BenchFleet, databaseUrl: string) => Server> = {
  'bare-304': (fleet) => bare304(fleet, z.array(z.string()).parse(JSON.parse(ANSWER_HEADERS))),
  'heartbeat-prisma': (fleet, url) => createServer(expressApp(fleet, { heartbeat: saveWithPrisma(url) })),
  'heartbeat-prepared': (fleet, url) => createServer(expressApp(fleet, { heartbeat: saveWithPreparedUpdate(url) })),
  'metrics-prisma': (fleet, url) => createServer(expressApp(fleet, { metrics: saveWithCreateMany(url) })),
};

const make = kinds[process.argv[2] ?? ''];
if (!make) throw new Error(`kinds: ${Object.keys(kinds).join(', ')}`);
const server = make(BenchFleet.parse(JSON.parse(readFileSync(FLEET_FILE, 'utf8'))), DATABASE_URL);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`);
});
process.once('SIGTERM', () => process.exit(0));
