import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { DEFAULT_REGISTRATION, openAgentRegistration } from './agent-registration.js';

const folder = temporaryFolder();
const names = (registration: Pick<typeof DEFAULT_REGISTRATION, 'enabled'>) => registration.enabled().map(({ name }) => name);
const BUILT_IN = names(DEFAULT_REGISTRATION);

describe('the registration of an agent', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const setUp = async () => {
    const clock = createFakeClock();
    const { logger, lines } = createMemoryLogger();
    const registration = await openAgentRegistration({ file: folder.path('agents.yaml'), logger, clock });
    closing.push(registration.close);
    /** The file is read from a real disk, which a fake clock does not wait for. */
    const becomes = (...wanted: string[]) =>
      until(async () => {
        await clock.advance(5_000);
        return names(registration).join() === wanted.join();
      });
    const errors = () => lines().filter((line) => JSON.stringify(line).includes('cannot be used')).length;
    return { clock, registration, becomes, errors };
  };
  /** As a whole: a half-written file would be one error more. */
  const write = (text: string) => realHost.writeAtomic(folder.path('agents.yaml'), text);

  it('is the one of its build when nobody put another one', async () => {
    const { registration, errors } = await setUp();

    expect(names(registration)).toEqual(BUILT_IN);
    expect(BUILT_IN.length).toBeGreaterThan(0);
    expect(errors()).toBe(0);
  });

  it('is the one of the file beside machine.json, and follows it', async () => {
    await write('agents:\n  - { name: research.news, description: Reads news }\n  - { name: off, description: Not here, enabled: false }\n');
    const { registration, becomes } = await setUp();
    expect(names(registration)).toEqual(['research.news']);

    await write('{"agents":[{"name":"research.filings","description":"Reads filings"}]}');

    await becomes('research.filings');
  });

  it('takes a file up that is put there later', async () => {
    const { becomes } = await setUp();
    await write('agents: [{ name: later, description: Came later }]');
    await becomes('later');
  });

  it('stays the one of its build while the first file is wrong, says so once, and takes it up once it is right', async () => {
    await write('agents: [{ name: NOT GOOD, description: x }]');
    const { clock, registration, becomes, errors } = await setUp();
    expect([names(registration), errors()]).toEqual([BUILT_IN, 1]);

    await clock.advance(20_000);
    await write('agents: [{ name: good, description: Right now }]');

    await becomes('good');
    expect(errors()).toBe(1);
  });
});
