import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../..');

type Variable = { name: string; required: boolean; value: string };

/** `.env.example` by section: one per app, introduced by `#--- app ---`. */
function sections(): Map<string, Variable[]> {
  const found = new Map<string, Variable[]>();
  let current: Variable[] = [];
  for (const line of readFileSync(join(root, '.env.example'), 'utf8').split('\n')) {
    const app = /^#--- ([\w-]+) ---$/.exec(line)?.[1];
    if (app) found.set(app, (current = []));
    const variable = /^(#?)([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    if (variable) current.push({ required: variable[1] === '', name: variable[2] ?? '', value: variable[3] ?? '' });
  }
  return found;
}

/** The apps' schemas, read through the file each keeps them in: an app's code is not a library to import by name. */
async function envSchema(app: string): Promise<{ shape: Record<string, { safeParse(value: unknown): { success: boolean; data?: unknown } }> }> {
  const module = (await import(join(root, 'apps', app, 'src/env.ts'))) as { Env: never };
  return module.Env;
}

const apps = readdirSync(join(root, 'apps')).filter((app) => readdirSync(join(root, 'apps', app, 'src')).includes('env.ts'));

describe('.env.example', () => {
  it('has a section for every app with an env schema, and no other', () => {
    expect([...sections().keys()].sort()).toEqual([...apps].sort());
  });

  describe.each(apps)('%s', (app) => {
    it('names every variable of the schema once, and no other', async () => {
      const { shape } = await envSchema(app);

      expect(sections().get(app)?.map(({ name }) => name).sort()).toEqual(Object.keys(shape).sort());
    });

    it('marks as required what has no default, and shows values that the schema accepts', async () => {
      const { shape } = await envSchema(app);

      for (const { name, required, value } of sections().get(app) ?? []) {
        const schema = shape[name];
        expect({ name, required }).toEqual({ name, required: schema?.safeParse(undefined).success === false });
        expect({ name, accepted: schema?.safeParse(value).success }).toEqual({ name, accepted: true });
      }
    });
  });
});
