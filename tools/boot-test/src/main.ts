import { systemClock, withReleasers } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureImage } from './image/ensure-image.js';
import { type Machine } from './machine/machine.js';
import { type Options, parseOptions } from './options.js';
import { removeLeftovers, RUN_PREFIX } from './remove-leftovers.js';
import { run, type Seen } from './run.js';
import { whyNot } from './why-not.js';

/** dist/main.js of tools/boot-test, three folders below the checkout. */
const checkout = resolve(__dirname, '..', '..', '..');
const scripts = join(checkout, 'tools/boot-test/scripts');

/** What test harnesses take for "skipped"; a skipped run is no proof and so no success. */
const SKIPPED = 77;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

type Outcome = { ok: boolean; skipped: string | null; seconds: number; seen: Seen; error?: string };

async function bootOnce(options: Options, stopping: AbortController): Promise<Outcome> {
  await removeLeftovers(scripts);
  const image = await ensureImage({ cache: options.cache, scripts, suite: options.suite, mirror: options.mirror, rebuild: options.rebuildImage, say });
  const name = `${RUN_PREFIX}${process.pid}-${randomBytes(3).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  chmodSync(folder, 0o711); // Postgres runs as another user when we are root
  const begun = systemClock.monotonicMs();
  const seconds = (): number => Math.round((systemClock.monotonicMs() - begun) / 100) / 10;
  const bounds = { deadlineMs: begun + options.timeout * 1000, signal: stopping.signal };
  let machine: Machine | null = null;
  try {
    const opened = await withReleasers(async (onStop) => {
      try {
        const seen = await run(onStop, { checkout, folder, name, image, say, onMachine: (one) => (machine = one) }, bounds);
        if (options.keep) await waitForCtrlC(stopping.signal, folder);
        return seen;
      } catch (error) {
        await keepJournal(machine, folder);
        if (options.keep) say(`FAILED: ${error instanceof Error ? error.message : String(error)}`);
        if (options.keep) await waitForCtrlC(stopping.signal, folder);
        throw error;
      }
    });
    const took = seconds();
    await opened.stop();
    rmSync(folder, { recursive: true, force: true });
    return { ok: true, skipped: null, seconds: took, seen: opened.value };
  } catch (error) {
    for (const heavy of ['machine/upper', 'machine/work', 'machine/root', 'postgres']) rmSync(join(folder, heavy), { recursive: true, force: true });
    say(`What it said is in ${folder}`);
    return { ok: false, skipped: null, seconds: seconds(), seen: [], error: error instanceof Error ? error.message : String(error) };
  }
}

/** While it still runs: afterwards nobody can ask it. */
async function keepJournal(machine: Machine | null, folder: string): Promise<void> {
  if (!machine || machine.ended() !== null) return;
  const journal = await machine.exec(['journalctl', '--no-pager', '--output=short-monotonic'], 60_000).catch(String);
  writeFileSync(join(folder, 'journal.log'), journal, { mode: 0o600 });
}

async function waitForCtrlC(signal: AbortSignal, folder: string): Promise<void> {
  say(`Everything keeps running until Ctrl-C; ${folder}`);
  while (!signal.aborted) await systemClock.sleep(3_600_000, signal);
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  const reason = await whyNot({ platform: process.platform, uid: process.getuid?.(), path: process.env['PATH'] ?? '' });
  if (reason !== null) {
    say(`SKIPPED: the boot test cannot run here: ${reason}.`);
    process.stdout.write(`${JSON.stringify({ ok: false, skipped: reason } satisfies Partial<Outcome>)}\n`);
    return SKIPPED;
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
  const outcome = await bootOnce(options, stopping);
  say(outcome.ok ? `The machine did all of it; ${outcome.seconds} s.` : `FAILED: ${outcome.error}`);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  return outcome.ok ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(`boot test: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  },
);
