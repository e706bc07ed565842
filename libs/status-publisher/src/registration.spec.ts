import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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

  it('with thousands of members in one place is refused, in words that fit into a log line', () => {
    const text = `{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":1`).join(',')}}`;

    expect(() => parseRegistration(text)).toThrow(/more members than/);
  });

  it('with many faults is refused with the first of them', () => {
    const text = JSON.stringify({ agents: Array.from({ length: 100 }, (_, i) => ({ name: `A ${i}` })) });
    const messageOf = (): string => {
      try {
        parseRegistration(text);
        return '';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    };

    expect(messageOf()).toContain('agents[0].name');
    expect(messageOf().length).toBeLessThanOrEqual(2_000);
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

  it('that stays broken is looked at, but not worked through again and again', async () => {
    await write(YAML);
    await open();
    const warned: unknown[] = [];
    const listen = (warning: Error) => warned.push(warning.message);
    process.on('warning', listen);

    // A tag that is not known is worth a warning to the YAML parser each time it meets it.
    await write('agents: !unknown 7');
    const before = complaints().length;
    await lookAgain(() => complaints().length > before);
    for (let looks = 0; looks < 3; looks += 1) await lookAgain(() => true);
    process.off('warning', listen);

    expect(complaints()).toHaveLength(before + 1);
    expect(warned).toEqual([]);
  });

  it('that comes back as it was counts again, and what is no file keeps nobody waiting', async () => {
    await write(YAML);
    await open();
    const before = complaints().length;

    await rm(file);
    await promisify(execFile)('mkfifo', [file]);
    await lookAgain(() => complaints().length > before);
    await rm(file);
    await mkdir(file);
    await lookAgain(() => true);
    await rm(file, { recursive: true });
    await write(YAML.replace('download', 'upload'));
    await lookAgain(() => names()?.[0] === 'upload');

    expect(complaints().slice(before)).toEqual([expect.stringContaining('not a file')]);
  });

  it.each([['is missing', null], ['is broken', 'agents: ['], ['is not valid', 'agents: 7'], ['is enormous', `# ${'x'.repeat(300_000)}`]])(
    'that %s at the start is an error that names it',
    async (_, text) => {
      if (text !== null) await write(text);

      await expect(open()).rejects.toThrow(/agent registration file .*agents\.yaml: /);
    },
  );
});
