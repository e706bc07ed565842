import { ProgramFailed, runProgram } from './run-program.js';

describe('running a program', () => {
  it('gives what it printed, and hands it its input', async () => {
    expect(await runProgram('cat', [], { input: 'a line\n' })).toBe('a line\n');
  });

  it('fails with the end of what it said when it fails', async () => {
    await expect(runProgram('sh', ['-c', 'echo first; echo why >&2; exit 3'])).rejects.toThrow(new ProgramFailed('sh -c echo first; echo why >&2; exit 3 ended with 3:\nwhy'));
  });

  it('fails when it takes longer than it may', async () => {
    await expect(runProgram('sleep', ['60'], { timeoutMs: 50 })).rejects.toThrow('SIGKILL');
  });
});
