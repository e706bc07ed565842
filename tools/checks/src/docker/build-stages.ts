import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { copyInto, copyTree, type Ignore } from './copy-files.js';
import { argumentOf, substitute, type Dockerfile, type Stage, type Step } from './parse-dockerfile.js';

/** What a stage leaves: its file system below `root`, and how a container of it starts. */
export type BuiltStage = { root: string; workdir: string; env: Record<string, string>; entrypoint: string[]; command: string[] };

export type BuildOptions = {
  dockerfile: Dockerfile;
  /** What COPY without --from copies from. */
  context: string;
  ignore: Ignore;
  /** An empty folder to build in. */
  folder: string;
  /** Of this process only what programs need to run and to reach a package registry. */
  env: Record<string, string>;
};

type Layer = { key: string; built: BuiltStage };

/**
 * Builds stages as Docker does, with folders instead of images: FROM copies the folder of the stage before, COPY copies
 * files, RUN runs a shell in the folder. Base images are empty: Node and npm are this machine's. As Docker's layer
 * cache would, it runs equal instructions on equal ground once, however many apps share them.
 */
export function createBuilder({ dockerfile, context, ignore, folder, env }: BuildOptions) {
  const layers = new Map<string, BuiltStage>();
  let count = 0;

  const derive = (parent: Layer | null, key: string, change: (built: BuiltStage) => void): Layer => {
    const known = layers.get(key);
    if (known) return { key, built: known };
    const root = join(folder, String(count++));
    const base = parent?.built ?? { workdir: '/', env: {}, entrypoint: [], command: [] };
    const built: BuiltStage = { ...base, root };
    if (parent) copyTree(parent.built.root, root);
    else mkdirSync(root, { recursive: true });
    change(built);
    layers.set(key, built);
    return { key, built };
  };

  const build = (name: string, args: Record<string, string>): Layer => {
    const stage = stageNamed(dockerfile, name);
    const from = substitute(stage.from, { ...dockerfile.args, ...args });
    let layer = dockerfile.stages.some((each) => each.name === from) ? build(from, args) : derive(null, `image ${from}`, () => undefined);
    for (const [declared, steps] of segments(stage, { ...dockerfile.args, ...args })) {
      const sources = steps.map((step) => sourceOf(step, args));
      const key = [layer.key, JSON.stringify(declared), ...steps.map((step) => JSON.stringify(step)), ...sources.map((each) => each?.key ?? '')].join('\n');
      layer = derive(layer, key, (built) => {
        steps.forEach((step, index) => apply(step, built, declared, sources[index]?.built ?? null));
      });
    }
    return layer;
  };

  const sourceOf = (step: Step, args: Record<string, string>): Layer | null => {
    const from = step.flags.find((flag) => flag.startsWith('--from='));
    return from ? build(from.slice('--from='.length), args) : null;
  };

  const apply = (step: Step, built: BuiltStage, args: Record<string, string>, source: BuiltStage | null): void => {
    const text = step.op === 'RUN' ? step.text : substitute(step.text, args);
    const inStage = (path: string): string => join(built.root, posix.resolve(built.workdir, path));
    if (step.op === 'WORKDIR') {
      built.workdir = posix.resolve(built.workdir, text);
      mkdirSync(inStage('.'), { recursive: true });
    } else if (step.op === 'COPY') {
      const paths = text.split(/\s+/);
      const destination = paths.pop() ?? '.';
      const sources = paths.map((path) => join(source?.root ?? context, path));
      copyInto(sources, inStage(destination), paths.length > 1 || /(?:\/|^\.)$/.test(destination), source ? undefined : ignore);
    } else if (step.op === 'RUN') {
      runStep(text, { cwd: inStage('.'), env: { ...env, ...built.env, ...args } });
    } else if (step.op === 'ENV') {
      built.env = { ...built.env, ...argumentOf(text) };
    } else if (step.op === 'ENTRYPOINT') {
      built.entrypoint = wordsOf(text);
    } else if (step.op === 'CMD') {
      built.command = wordsOf(text);
    } else if (step.op !== 'USER') {
      throw new Error(`this check does not know ${step.op}`);
    }
  };

  /** The named stage for these build arguments. */
  return (name: string, args: Record<string, string>): BuiltStage => build(name, args).built;
}

/** A stage's steps, cut where an ARG comes in: what stands before does not depend on it. */
function segments(stage: Stage, args: Record<string, string>): [Record<string, string>, Step[]][] {
  const found: [Record<string, string>, Step[]][] = [];
  let declared: Record<string, string> = {};
  let steps: Step[] = [];
  for (const step of stage.steps) {
    if (step.op !== 'ARG') {
      steps.push(step);
      continue;
    }
    found.push([declared, steps]);
    const [[name, byDefault] = ['', '']] = Object.entries(argumentOf(step.text));
    declared = { ...declared, [name]: args[name] ?? byDefault };
    steps = [];
  }
  found.push([declared, steps]);
  return found.filter(([, each]) => each.length > 0);
}

function runStep(command: string, options: { cwd: string; env: Record<string, string> }): void {
  // The folder stands for the container's root only as long as nobody names a place outside of it.
  if (/(?:^|[\s='"])\//.test(command)) throw new Error(`RUN names an absolute path: ${command}`);
  const { status, stdout, stderr, error } = spawnSync('sh', ['-c', command], { ...options, encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(`RUN ${command} failed with ${status ?? error?.message}:\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
}

function stageNamed(dockerfile: Dockerfile, name: string): Stage {
  const stage = dockerfile.stages.find((each) => each.name === name);
  if (!stage) throw new Error(`there is no stage ${name}`);
  return stage;
}

function wordsOf(text: string): string[] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words)) throw new Error(`not a list of words: ${text}`);
  return words.map(String);
}
