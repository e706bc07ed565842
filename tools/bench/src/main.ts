import { type OnStop, withReleasers } from '@trawling/runtime';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { FULL, QUICK, SMOKE } from './items/item.js';
import { items } from './items/items.js';
import { startLoadGenerator } from './load/start-load-generator.js';
import { type Options, parseOptions } from './options.js';
import { printTable } from './report/print-table.js';
import { type Results } from './report/result.js';
import { updateDocument } from './report/update-document.js';
import { findNode } from './world/find-node.js';
import { openWorld, type World } from './world/open-world.js';

/** dist/main.js of tools/bench, three folders below the checkout. */
const root = resolve(__dirname, '..', '..', '..');

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function runItems(onStop: OnStop, options: Options): Promise<Results> {
  const node = findNode(process.env);
  if (!node.isProduction) say(`No Node 24 was found: everything runs on ${node.version}, where Express is about four times slower.`);
  const dataFolder = resolve(options.data ?? join(root, '.state', 'bench'));
  const world = await openWorld(onStop, { root, dataFolder, bots: options.bots, node, say });
  const generate = startLoadGenerator(onStop, { node: node.path, script: join(root, 'tools/bench/dist/load-generator.js') });
  const wanted = items.filter(({ name }) => options.only.length === 0 || options.only.includes(name));

  const pace = options.smoke ? SMOKE : options.quick ? QUICK : FULL;
  let results: Results = {};
  for (const item of wanted) {
    say(`\n${item.title}`);
    results = { ...results, ...(await item.run({ world, generate, pace })) };
  }
  report(world, options, results);
  return results;
}

function report(world: World, options: Options, results: Results): void {
  const machine = machineLine(world);
  process.stdout.write(`\n${machine}\n\n${printTable(results)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  if (options.quick || options.smoke || !options.docs) return;
  const file = join(root, 'docs', 'benchmarks.md');
  writeFileSync(file, updateDocument(readFileSync(file, 'utf8'), results, machine));
}

function machineLine({ node, postgres, bots }: World): string {
  const [cpu] = cpus();
  const day = new Date().toISOString().slice(0, 10);
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Measured on ${day}: ${cpus().length} × ${cpu?.model.trim() ?? 'processor'}, ${memory} GiB, ${process.platform}; Node ${node.version}, Postgres ${postgres.version} with fsync on, ${bots.length} bots.`;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), items);
  const stopping: (() => Promise<void>)[] = [];
  const interrupt = (): void => {
    say('\nStopping …');
    void Promise.all(stopping.map((stop) => stop())).finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupt);
  const opened = await withReleasers((onStop) => {
    const releases: (() => unknown)[] = [];
    stopping.push(async () => {
      for (const release of releases.reverse()) await Promise.resolve(release()).catch(() => undefined);
    });
    return runItems((release, name) => {
      let released: unknown;
      // Ctrl-C may come while everything is being closed anyway.
      const once = (): unknown => (released ??= Promise.resolve(release()));
      onStop(once, name);
      releases.push(once);
    }, options);
  });
  await opened.stop();
  return Object.values(opened.value).every(({ met }) => met) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  },
);
