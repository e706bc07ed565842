import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { endMarked } from './end-processes.js';
import { findMarked, MACHINE_MARKER, parsePs, ROLE_MARKER } from './marked-processes.js';

describe('processes with a marker', () => {
  const startMarked = (machine: string, script: string) =>
    spawn(process.execPath, ['-e', script], { env: { PATH: process.env['PATH'], [MACHINE_MARKER]: machine, [ROLE_MARKER]: 'gateway' }, stdio: 'ignore' });

  it('are found by it, descendants in other sessions too, and by nothing but the whole of it', async () => {
    const machine = `${randomUUID()}/bot/1`;
    const script = 'require("node:child_process").spawn("setsid", ["sleep", "60"], { detached: true, stdio: "ignore" }).unref(); setInterval(() => {}, 1000)';
    const child = startMarked(machine, script);

    const found = await until(async () => {
      const now = await findMarked({ machine });
      return now.length >= 2 ? now : null;
    });

    expect(found.map((one) => one.role)).toEqual(found.map(() => 'gateway'));
    expect(await findMarked({ machine: `${machine}2` })).toEqual([]);
    expect(await findMarked({ machine, role: 'agent' })).toEqual([]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    expect(await endMarked(systemClock, { machine }, { graceMs: 1_000, timeoutMs: 5_000 })).toEqual([]);
    await ended;
  });

  it('that ignore SIGTERM are killed after the grace time', async () => {
    const machine = `${randomUUID()}/bot/1`;
    const child = startMarked(machine, 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)');
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await until(async () => (await findMarked({ machine })).length === 1);

    expect(await endMarked(systemClock, { machine }, { graceMs: 200, timeoutMs: 5_000 })).toEqual([]);

    expect(['SIGKILL', 'SIGTERM']).toContain(await ended);
  });

  it('are read from what ps says on macOS', () => {
    const listing = [
      '  501 Ss   Sat Nov 21 08:00:01 2026     node agent.js run HOME=/m TRAWLING_MACHINE=i/b/1 TRAWLING_PROCESS=agent',
      '  502 Z    Sat Nov 21 08:00:01 2026     (node) TRAWLING_MACHINE=i/b/1',
      '  503 S    Sat Nov 21 08:00:02 2026     vim TRAWLING.md',
    ].join('\n');

    expect(parsePs(listing)).toEqual([{ pid: 501, started: 'Sat Nov 21 08:00:01 2026', machine: 'i/b/1', role: 'agent' }]);
  });
});
