import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './repository-files.js';

/** Asks tools/testing, which are ES modules, in a process of their own. */
function evaluate(code: string): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const tally = (code: string): unknown => evaluate(`import * as t from './tools/testing/tally.mjs'; console.log(JSON.stringify(${code}))`);

describe('a spec file', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawling-leaks-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const runFixture = (name: string): { success: boolean; output: string } => {
    const preset: object = jest.requireActual('../../../jest.preset.cjs');
    const config = JSON.stringify({ ...preset, rootDir: __dirname, testMatch: [`**/fixtures/${name}.fixture.ts`] });
    const file = join(folder, `${name}.json`);
    const options = ['--config', config, '--runInBand', '--forceExit', '--json', `--outputFile=${file}`];
    const jestProgram = join(root, 'node_modules/jest/bin/jest.js');
    const { stderr } = spawnSync(process.execPath, [jestProgram, ...options], { cwd: root, encoding: 'utf8' });
    const result: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return { success: typeof result === 'object' && result !== null && 'success' in result && result.success === true, output: stderr };
  };

  it.each([
    { name: 'leaky-server', left: 'TCPServerWrap' },
    { name: 'leaky-child', left: 'ProcessWrap' },
  ])('that leaves something open fails ($name)', ({ name, left }) => {
    const { success, output } = runFixture(name);

    expect(success).toBe(false);
    expect(output).toMatch(new RegExp(`${name}.fixture.ts left open: ${left}`));
  });

  it('whose test failed says so first: what it left open is mostly the consequence', () => {
    const { success, output } = runFixture('leaky-failing');

    expect(success).toBe(false);
    expect(output).toMatch(/Expected: "the reason"/);
    expect(output).toMatch(/leaky-failing.fixture.ts left open: TCPServerWrap/);
  });

  it('that closes what it opens passes', () => {
    expect(runFixture('tidy')).toMatchObject({ success: true });
  });
});

describe('the last line of npm test', () => {
  it('adds up checks and tests', () => {
    const line = tally(`t.tallyLine(t.sum([t.checkTally(true), t.checkTally(false), { passed: 3, failed: 0, skipped: 2 }]))`);

    expect(line).toBe('4 passed, 1 failed, 2 skipped');
  });

  it('counts a file that does not load as one failure', () => {
    const results = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0, testResults: [{ status: 'failed', assertionResults: [] }] };

    expect(tally(`t.jestTally(${JSON.stringify(results)})`)).toEqual({ passed: 5, failed: 1, skipped: 1 });
  });

  it.each([
    { what: 'everything passed', counts: { passed: 1, failed: 0, skipped: 4 }, code: 0 },
    { what: 'something failed', counts: { passed: 9, failed: 1, skipped: 0 }, code: 1 },
    { what: 'nothing ran', counts: { passed: 0, failed: 0, skipped: 9 }, code: 1 },
  ])('goes with exit code $code when $what', ({ counts, code }) => {
    expect(tally(`t.exitCode(${JSON.stringify(counts)})`)).toBe(code);
  });

  it('is reached although a program hangs: it is stopped with all it started', () => {
    const result = evaluate(`
      import { runCommand } from './tools/testing/run-command.mjs';
      const child = "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); setInterval(() => {}, 1000)";
      console.log(JSON.stringify(await runCommand({ command: process.execPath, args: ['-e', child], cwd: '.', timeLimitMs: 500, quiet: true })));
    `);

    expect(result).toMatchObject({ ok: false, reason: 'not finished after 1 s' });
  });
});
