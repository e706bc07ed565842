/** One instruction: `RUN --mount=… npm ci` is op RUN, flags ['--mount=…'], text 'npm ci'. */
export type Step = { op: string; flags: string[]; text: string };
export type Stage = { name: string; from: string; steps: Step[] };
export type Dockerfile = { args: Record<string, string>; stages: Stage[] };

/** Reads what our Dockerfile uses of the format: comments, continued lines, flags, global ARGs, named stages. */
export function parseDockerfile(text: string): Dockerfile {
  const dockerfile: Dockerfile = { args: {}, stages: [] };
  const lines = text.replaceAll(/\\\n\s*/g, ' ').split('\n').map((line) => line.trim());
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, op = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (op === '') throw new Error(`not an instruction: ${line}`);
    if (op === 'FROM') {
      const [, from = '', name = String(dockerfile.stages.length)] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? [];
      dockerfile.stages.push({ name, from, steps: [] });
      continue;
    }
    const stage = dockerfile.stages.at(-1);
    if (stage) stage.steps.push(stepOf(op, rest));
    else if (op === 'ARG') dockerfile.args = { ...dockerfile.args, ...argumentOf(rest) };
    else throw new Error(`${op} before the first FROM`);
  }
  return dockerfile;
}

function stepOf(op: string, rest: string): Step {
  const words = rest.split(/\s+/);
  const count = words.findIndex((word) => !word.startsWith('--'));
  return { op, flags: words.slice(0, count), text: words.slice(count).join(' ') };
}

/** `NAME=default`; without a default the value is the global one. */
export function argumentOf(text: string): Record<string, string> {
  const [, name = '', value = ''] = /^(\w+)(?:=(.*))?$/.exec(text) ?? [];
  return { [name]: value };
}

/** `${NAME}` as Docker fills it in outside of RUN. Throws for a name that has no value. */
export function substitute(text: string, args: Record<string, string>): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (_whole, name: string) => {
    const value = args[name];
    if (value === undefined) throw new Error(`\${${name}} has no value in: ${text}`);
    return value;
  });
}
