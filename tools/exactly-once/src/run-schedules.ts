import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@trawling/database';
import { type OnStop } from '@trawling/runtime';
import { type Cloud } from './cloud/cloud.js';
import { openFakeCloud } from './cloud/fake-cloud.js';
import { createCoverage, type Coverage } from './schedule/coverage.js';
import { noteDone, type Play, runSchedule, type ScheduleDeps, type ScheduleResult } from './schedule/run-schedule.js';
import { noteHold, sendLate } from './schedule/moves.js';
import { type Stage } from './schedule/stage.js';
import { summarise, type Summary } from './schedule/summary.js';
import { buildWorker } from './workers/build-worker.js';
import { type Member, openMember } from './workers/member.js';
import { openVirtualTime, setUpDatabaseTime } from './world/virtual-time.js';

export type RunOptions = {
  /** An empty, migrated database of our own, as its owner and as the provisioner's role. */
  databaseUrl: string;
  provisionerUrl: string;
  schedules: number;
  seed: number;
  /** Processes at most. */
  workers: number;
  play: Play;
  /** Instead of the driver's own, in milliseconds. */
  settleMs?: number;
  /** Every so many schedules the cloud stands behind Prism's proxy; 0: never. */
  prismEvery: number;
  /** Ends the run between two steps; it throws then. */
  signal?: AbortSignal;
  onSchedule: (result: ScheduleResult, index: number) => void;
};

/** Wall clocks of the workers, in milliseconds off: nothing may depend on them. */
const SKEWS_MS = [0, 90_000, -240_000, 3_600_000];

/** Runs the schedules one after the other; schedule number i has the seed `seed + i`. */
export async function runSchedules(onStop: OnStop, options: RunOptions): Promise<{ summary: Summary; coverage: Coverage; results: ScheduleResult[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-exactly-once-'));
  onStop(() => rmSync(folder, { recursive: true, force: true }), 'folder');
  const owner = await openDatabase({ url: options.databaseUrl, poolSize: 1 });
  await setUpDatabaseTime(owner);
  await owner.close();
  // From here on its time is the test's.
  const database = await openDatabase({ url: options.databaseUrl, poolSize: 4 });
  onStop(() => database.close(), 'database');
  let onMove: (byMs: number) => Promise<void> = async () => undefined;
  const clockFile = join(folder, 'clock');
  const time = await openVirtualTime({ database, file: clockFile, startMs: Date.now(), onMove: (byMs) => onMove(byMs) });
  onStop(() => time.close(), 'clock');

  // A provisioner that ends by itself is no fault that the test made.
  const crash = new AbortController();
  const signal = AbortSignal.any([crash.signal, ...(options.signal ? [options.signal] : [])]);
  const coverage = createCoverage();
  let now: { installationId: string; cloud: Cloud; stage: Stage } | undefined;
  const current = () => {
    if (!now) throw new Error('no schedule is running');
    return now;
  };
  const workerFile = await buildWorker(folder);
  const members: Member[] = [];
  for (let index = 0; index < options.workers; index += 1) {
    signal.throwIfAborted();
    const member = await openMember(`worker ${index + 1}`, {
      workerFile,
      cloudUrl: () => current().cloud.url(),
      settings: (cloudUrl) => ({
        databaseUrl: options.provisionerUrl, cloudUrl, clockFile,
        skewMs: SKEWS_MS[index % SKEWS_MS.length] ?? 0,
        installationId: current().installationId,
        ...(options.settleMs === undefined ? {} : { settleMs: options.settleMs }),
      }),
      onWanted: (botId) => void current().stage.wanted.add(botId),
      onDone: (job, outcome) => noteDone(current().stage, job, outcome),
      onCrash: (error) => crash.abort(error),
      onLog: (line) => void now?.stage.story.push(line),
      onHold(hold) {
        noteHold(current().stage, hold);
        if (hold.where === 'sleep') time.at(hold.untilMs, hold.go);
      },
      sendLate: (send) => sendLate(current().stage, send),
    });
    onStop(() => member.close(), member.name);
    members.push(member);
  }

  const deps: Omit<ScheduleDeps, 'openCloud'> = {
    database, time, members, coverage, signal,
    begin: (installationId, cloud, stage) => void (now = { installationId, cloud, stage }),
    onMove: (listener) => void (onMove = listener),
  };
  const results: ScheduleResult[] = [];
  for (let index = 0; index < options.schedules; index += 1) {
    const behindPrism = options.prismEvery > 0 && index % options.prismEvery === options.prismEvery - 1;
    const seed = options.seed + index;
    const openCloud = (): Promise<Cloud> => openFakeCloud({ seed, behindPrism, clock: time.clock });
    const result = await runSchedule({ ...deps, openCloud }, { seed, play: options.play }).catch((error: unknown) => {
      throw new Error(`the schedule with seed ${seed} broke off`, { cause: error });
    });
    results.push(result);
    options.onSchedule(result, index);
  }
  return { summary: summarise(results), coverage, results };
}
