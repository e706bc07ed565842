import { parseOptions } from './options.js';

describe('the options of npm start', () => {
  it('has defaults for everything', () => {
    expect(parseOptions([])).toEqual({ once: false, json: false, bots: 1, timeout: 600, fresh: false });
  });

  it('reads every option', () => {
    const args = ['--once', '--json', '--bots', '3', '--port-base', '5200', '--state-dir', 'x', '--timeout', '30', '--fresh'];

    expect(parseOptions(args)).toEqual({ once: true, json: true, bots: 3, portBase: 5200, stateDir: 'x', timeout: 30, fresh: true });
  });

  it.each([
    [['--bots', 'many'], /--bots/],
    [['--bots', '0'], /--bots/],
    [['--port-base', '80'], /--port-base/],
    [['--json'], /--json goes with --once/],
    [['--nonsense'], /unknown option/],
    [['extra'], /too many arguments/],
  ])('refuses %j with a sentence', (args, message) => {
    const exit = jest.spyOn(process, 'exit').mockImplementation(() => { throw new Error('exited'); });
    const stderr = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);

    expect(() => parseOptions(args)).toThrow('exited');

    expect(exit).toHaveBeenCalledWith(1);
    expect(String(stderr.mock.calls[0]?.[0])).toMatch(message);
    exit.mockRestore();
    stderr.mockRestore();
  });
});
