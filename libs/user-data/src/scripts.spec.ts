import { DROPLET } from '@trawling/contracts';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shellVariables } from './settings-file.js';
import { systemdUnits } from './systemd-units.js';

const scripts = readdirSync(join(__dirname, 'scripts')).map((name) => join(__dirname, 'scripts', name));
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
/** Said in the title, so that a run that left something out shows it. */
const where = (program: string) => (has(program) ? ([it, ''] as const) : ([it.skip, ` (not checked: there is no ${program} here)`] as const));

describe('the scripts of a machine', () => {
  const [withBash, withoutBash] = where('bash');
  const [withShellcheck, withoutShellcheck] = where('shellcheck');

  withBash(`are bash${withoutBash}`, () => {
    for (const script of scripts) expect(spawnSync('bash', ['-n', script], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });

  withShellcheck(`pass shellcheck${withoutShellcheck}`, () => {
    expect(spawnSync('shellcheck', ['--severity=warning', ...scripts], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
  });

  withBash(`use no variable that the settings do not set${withoutBash}`, () => {
    const settings = readFileSync(join(__dirname, 'settings-file.ts'), 'utf8');
    const own = new Set(['BASH_SUBSHELL', 'BASH_COMMAND', 'LINENO', 'SECONDS', 'PATH', 'TRAWLING_SETTINGS']);
    const used = scripts.flatMap((script) => [...readFileSync(script, 'utf8').matchAll(/\$\{?([A-Z][A-Z0-9_]+)/g)].map(([, name = '']) => name));

    expect([...new Set(used)].filter((name) => !own.has(name) && !settings.includes(`${name}: `))).toEqual([]);
  });

  withBash(`read every value as it was meant${withoutBash}`, () => {
    const odd = `it's $HOME \`id\` "x" \\ $(id) ;&|`;
    const { stdout } = spawnSync('bash', ['-c', `${shellVariables({ ODD: odd })}printf '%s' "$ODD"`], { encoding: 'utf8' });

    expect(stdout).toBe(odd);
  });
});

describe('the units of a machine', () => {
  const [withAnalyze, withoutAnalyze] = where('systemd-analyze');
  const folder = mkdtempSync(join(tmpdir(), 'trawling-units-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function problemsOf(units: Record<string, string>): string[] {
    const etc = mkdtempSync(join(folder, 'etc-'));
    const files = Object.entries(units).map(([name, content]) => {
      writeFileSync(join(etc, name), content);
      return join(etc, name);
    });
    const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...files], {
      encoding: 'utf8',
      // With a colon at its end: what systemd brings along lies in the host's folders.
      env: { PATH: process.env['PATH'], SYSTEMD_UNIT_PATH: `${etc}:` },
    });
    // The programs exist on the machine, not here.
    return stderr.split('\n').filter((line) => line !== '' && !/is not executable: No such file/.test(line));
  }

  withAnalyze.each([[true], [false]])(`pass systemd-analyze verify, with an authority of our own: %s${withoutAnalyze}`, (hasOwnCa) => {
    expect(problemsOf(systemdUnits({ hasOwnCa }))).toEqual([]);
  });

  withAnalyze(`would not pass with a misspelt key or value: the check can fail${withoutAnalyze}`, () => {
    const wrong = '[Service]\nExecStart=/bin/true\nRestart=allways\nPrivatTmp=yes\n';

    expect(problemsOf({ 'wrong.service': wrong })).toHaveLength(2);
  });

  it('let the gateway’s user end the hand as often as it likes without the agent losing it', () => {
    const units = systemdUnits({ hasOwnCa: false });

    expect(units[DROPLET.units.handSocket]).toContain('\nTriggerLimitIntervalSec=0\n');
    expect(units[DROPLET.units.hand]).toMatch(/\nStartLimitIntervalSec=0\n[^]*\nRestart=on-failure\nRestartSec=2\nRuntimeMaxSec=30min\n/);
    // Prevented, it would be tried again at once and without end.
    expect(units[DROPLET.units.hand]).not.toContain('Condition');
  });

  it('never leave a program of a user of ours a right of root’s', () => {
    const units = systemdUnits({ hasOwnCa: false });
    const asRoot = Object.entries(units).filter(([name, unit]) => name.endsWith('.service') && !unit.includes('\nUser='));

    expect(asRoot.flatMap(([, unit]) => unit.match(/^ExecStart=.*/gm)?.map((line) => line.replace(/ .*/, '')) ?? [])).toEqual([
      'ExecStart=/opt/trawling/bin/install-machine',
      'ExecStart=/opt/trawling/bin/block-metadata',
      'ExecStart=-/usr/bin/systemctl',
      'ExecStart=/usr/bin/systemctl',
    ]);
  });
});
