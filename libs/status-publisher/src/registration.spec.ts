import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { fixedRegistration, openRegistration, parseRegistration, type Registration } from './registration.js';

const YAML = `
agents:
  - name: download
    description: Fetches what a URL names
  - name: transcribe
    description: Speech to text
    enabled: false
`;

describe('an agent registration', () => {
  it('is YAML', () => {
    expect(parseRegistration(YAML).agents).toEqual([
      { name: 'download', description: 'Fetches what a URL names', enabled: true },
      { name: 'transcribe', description: 'Speech to text', enabled: false },
    ]);
  });

  it('or JSON', () => {
    expect(parseRegistration('{"agents":[{"name":"download","description":"d"}]}').agents).toEqual([{ name: 'download', description: 'd', enabled: true }]);
  });

  it.each([
    ['a name that is none', '{"agents":[{"name":"Down Load","description":"d"}]}', /agents\[0\]\.name/],
    ['no description', '{"agents":[{"name":"download"}]}', /agents\[0\]\.description/],
    ['a misspelt member', '{"agents":[{"name":"download","description":"d","enable":false}]}', /enable/],
    ['a name twice', '{"agents":[{"name":"a","description":"d"},{"name":"a","description":"e"}]}', /each name once/],
    ['something else', 'download', /expected object/],
    ['nothing', '', /expected object/],
    ['broken YAML', 'agents: [', /./],
    ['aliases', 'agents: [&a {name: a, description: d}, *a]', /alias/i],
  ])('with %s is refused, and it is said why', (_, text, why) => {
    expect(() => parseRegistration(text)).toThrow(why);
  });

  it('that is part of the program is held to the same rules', () => {
    expect(fixedRegistration({ agents: [{ name: 'a', description: 'd' }, { name: 'b', description: 'e', enabled: false }] }).enabled()).toMatchObject([{ name: 'a' }]);
    expect(() => fixedRegistration({ agents: [{ name: 'A B', description: 'd' }] })).toThrow(/lower-case/);
  });
});

describe('the agent registration file', () => {
  let folder: string;
  let file: string;
  let registration: Registration | undefined;
  const clock = createFakeClock();
  const log = createMemoryLogger();
  const names = () => registration?.enabled().map(({ name }) => name);
  /** As an editor does it: never half a file. */
  const write = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  };
  const open = async (): Promise<void> => {
    registration = await openRegistration({ file, logger: log.logger, clock });
  };
  const complaints = () => log.lines().filter(({ level }) => level === 'error').map(({ problem }) => problem);
  const lookAgain = async (seen: () => unknown): Promise<void> => {
    await until(() => clock.sleeping() === 1);
    await clock.advance(5_000);
    await until(seen);
    await until(() => clock.sleeping() === 1);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'registration-'));
    file = join(folder, 'agents.yaml');
  });
  afterEach(async () => {
    await registration?.close();
    registration = undefined;
    await rm(folder, { recursive: true });
  });

  it('names what is enabled', async () => {
    await write(YAML);

    await open();

    expect(names()).toEqual(['download']);
  });

  it('is read again when it changes', async () => {
    await write(YAML);
    await open();

    await write(YAML.replace('enabled: false', 'enabled: true'));
    await lookAgain(() => names()?.length === 2);

    expect(names()).toEqual(['download', 'transcribe']);
  });

  it('that is broken later is reported once, and the last good one stays until a good one comes', async () => {
    await write(YAML);
    await open();
    const before = complaints().length;

    await write('agents: [');
    await lookAgain(() => complaints().length > before);
    await lookAgain(() => true);
    await rm(file);
    await lookAgain(() => complaints().length > before + 1);

    expect(names()).toEqual(['download']);
    expect(complaints().slice(before)).toEqual([expect.stringContaining('agents.yaml'), expect.stringContaining('ENOENT')]);

    await write(YAML.replace('download', 'upload'));
    await lookAgain(() => names()?.[0] === 'upload');
    expect(complaints()).toHaveLength(before + 2);
  });

  it.each([['is missing', null], ['is broken', 'agents: ['], ['is not valid', 'agents: 7'], ['is enormous', `# ${'x'.repeat(300_000)}`]])(
    'that %s at the start is an error that names it',
    async (_, text) => {
      if (text !== null) await write(text);

      await expect(open()).rejects.toThrow(/agent registration file .*agents\.yaml: /);
    },
  );
});
