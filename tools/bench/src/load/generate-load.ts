import { createHistogram } from '@trawling/fleet-simulator';
import { openConnection, type LoadConnection } from './open-connection.js';
import { type NextRequest } from './requests.js';

export type LoadPlan = {
  host: string;
  port: number;
  connections: number;
  warmUpMs: number;
  /** The warm-up goes on until so many were answered: one per bot, so that nothing is seen for the first time when it counts. */
  warmUpRequests: number;
  measureMs: number;
  /** Requests per second; null: each connection asks again as soon as it is answered. */
  rate: number | null;
  goodStatus: number;
};

export type LoadResult = {
  requestsPerSecond: number;
  requests: number;
  /** Of the warm-up as well. */
  answered: number;
  seconds: number;
  /** Milliseconds; with a rate from the moment a request was due, so that a stalled server is not flattered. */
  p50: number;
  p99: number;
  max: number;
  /** Every answer with another status and every lost connection, by name. */
  errors: Record<string, number>;
  /** Share of one core that this process used: near 1 it was the generator that was measured. */
  cpuShare: number;
};

const MAX_WARM_UP_MS = 120_000;

/** Asks for the given time, then waits for the last answers. */
export async function generateLoad(plan: LoadPlan, next: NextRequest): Promise<LoadResult> {
  const latencies = createHistogram();
  const errors: Record<string, number> = {};
  const fail = (what: string): void => void (errors[what] = (errors[what] ?? 0) + 1);
  const startedAt = new Map<LoadConnection, number>();
  /** First in, first out: a server hangs up on a connection that never says anything. */
  const idle = new Set<LoadConnection>();
  /** When requests that found no free connection were due; `late` is the first that still waits. */
  let due: number[] = [];
  let late = 0;
  let answered = 0;
  let phase: 'warm up' | 'measure' | 'over' = 'warm up';

  const ask = (connection: LoadConnection, since: number): void => {
    startedAt.set(connection, since);
    connection.send(next());
  };
  const answer = (status: number, connection: LoadConnection): void => {
    const since = startedAt.get(connection) ?? 0;
    startedAt.delete(connection);
    answered += 1;
    if (phase === 'measure') {
      latencies.record(performance.now() - since);
      if (status !== plan.goodStatus) fail(String(status));
    }
    if (phase === 'over') return;
    if (plan.rate === null) return ask(connection, performance.now());
    const waiting = due[late];
    if (waiting === undefined) return void idle.add(connection);
    late += 1;
    ask(connection, waiting);
  };
  const target = { host: plan.host, port: plan.port };
  const end = (reason: string): void => {
    if (phase !== 'over') fail(reason);
  };
  const connections: LoadConnection[] = [];
  for (let count = 0; count < plan.connections; count++) connections.push(await openConnection(target, { answer, end }));

  let pacing: NodeJS.Timeout | undefined;
  if (plan.rate === null) for (const connection of connections) ask(connection, performance.now());
  else {
    for (const connection of connections) idle.add(connection);
    const interval = 1000 / plan.rate;
    let nextDue = performance.now();
    pacing = setInterval(() => {
      for (const now = performance.now(); nextDue <= now; nextDue += interval) {
        const [connection] = idle;
        if (connection) {
          idle.delete(connection);
          ask(connection, nextDue);
        } else due.push(nextDue);
      }
      if (late > 10_000) {
        due = due.slice(late);
        late = 0;
      }
    }, 1);
  }

  const warmSince = performance.now();
  await sleep(plan.warmUpMs);
  while (answered < plan.warmUpRequests && performance.now() - warmSince < MAX_WARM_UP_MS) await sleep(50);
  latencies.reset();
  phase = 'measure';
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  await sleep(plan.measureMs);
  phase = 'over';
  const requests = latencies.count();
  // What was due and is not answered has waited as long as this, at least.
  if (plan.rate !== null) for (const since of [...due.slice(late), ...startedAt.values()]) latencies.record(performance.now() - since);
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  clearInterval(pacing);
  for (const connection of connections) connection.close();
  return {
    requestsPerSecond: requests / seconds,
    requests,
    answered,
    seconds,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    max: latencies.max(),
    errors,
    cpuShare: (used.user + used.system) / 1e6 / seconds,
  };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
