import { BatchResult, type BotEvent } from '@trawling/contracts';
import { createBotHttp, createCallLog, createSimulatedBot, CallFailed, openConnections, type CallLog } from '@trawling/fleet-simulator';
import { systemClock, uuid7 } from '@trawling/runtime';
import { type RigMachine } from './enroll.js';

/** A bot that lives through faults by the rules of docs/protocol.md: it keeps every report until it is confirmed. */
export type FaultBot = {
  botId: string;
  /** Config versions in the order it applied them. */
  appliedVersions: () => number[];
  /** What it runs at this moment; null: nothing yet. */
  runs: () => number | null;
  /** Ids of all the events it made. */
  made: () => string[];
  /** Ids the server confirmed, in answers that arrived. */
  confirmed: () => string[];
  pending: () => number;
  /** Makes no new reports any more; goes on with everything else. */
  quieten: () => void;
  stop: () => Promise<void>;
};

const PAUSE_MS = 200;

export function runFaultBot(machine: RigMachine, baseUrl: string, generation = 1): FaultBot & { log: CallLog } {
  const url = new URL(baseUrl);
  const connections = { quick: openConnections(url, { atMost: 4 }), patient: openConnections(url, { atMost: 1 }) };
  const log = createCallLog();
  const life = new AbortController();
  const http = createBotHttp({ credential: machine.credential, connections, log, monotonicMs: systemClock.monotonicMs, signal: life.signal });
  const bot = createSimulatedBot(
    { http, log, now: systemClock.now, newId: uuid7, rootPublicJwk: machine.rootPublicJwk },
    { bot_id: machine.botId, generation, credential: machine.credential },
  );
  const versions: number[] = [];
  const made: string[] = [];
  const confirmed: string[] = [];
  let spool: BotEvent[] = [];
  let quiet = false;

  /** Whatever fails is tried again; nothing but an answer ends a duty. */
  const loop = async (work: () => Promise<void>): Promise<void> => {
    while (!life.signal.aborted) {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof CallFailed) && !life.signal.aborted) log.failed(`bot: ${String(error)}`);
      }
      await systemClock.sleep(PAUSE_MS, life.signal);
    }
  };

  const report = async (): Promise<void> => {
    if (!quiet) {
      const id = uuid7();
      made.push(id);
      spool.push({ id, type: 'note', timestamp: new Date().toISOString(), severity: 'info', message: `note ${made.length}`, data: {} });
    }
    const batch = spool.slice(0, 50);
    if (batch.length === 0) return;
    const answer = await http({ name: 'events', method: 'POST', path: `/bots/${machine.botId}/events`, body: batch, expect: [200], timeoutMs: 5_000 });
    const { accepted, duplicates, rejected } = BatchResult.parse(JSON.parse(answer.text));
    if (rejected.length > 0 || accepted + duplicates !== batch.length) log.failed('events not all taken');
    confirmed.push(...batch.map(({ id }) => id));
    spool = spool.filter((event) => !batch.includes(event));
  };
  const look = async (): Promise<void> => {
    await bot.look(1);
    const version = bot.applied()?.version;
    if (version !== undefined && version !== versions.at(-1)) versions.push(version);
  };

  const ended = Promise.all([loop(report), loop(look), loop(async () => void (await bot.beat()))]);
  return {
    botId: machine.botId,
    log,
    appliedVersions: () => versions,
    runs: () => bot.applied()?.version ?? null,
    made: () => made,
    confirmed: () => confirmed,
    pending: () => spool.length,
    quieten: () => void (quiet = true),
    async stop() {
      life.abort();
      await ended;
      await Promise.all([connections.quick.close(), connections.patient.close()]);
    },
  };
}
