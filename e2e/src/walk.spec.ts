import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findByMarker, removeStateDir, STEPS } from '@trawling/launcher';
import { z } from 'zod';
import { freePortBase, launch } from './support/launch.js';
import { processesOf } from './support/shared-fleet.js';

const Report = z.object({
  ok: z.boolean(),
  bot_id: z.string().nullable(),
  steps: z.array(z.object({ name: z.string(), ms: z.number() })),
  versions: z.record(z.string(), z.string().nullable()),
  bots: z.array(z.object({ bot_id: z.string(), ok: z.boolean() })).optional(),
  error: z.string().optional(),
});

describe('npm start -- --once', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'trawling-e2e-walk-'));
  afterAll(() => removeStateDir(stateDir));

  it('walks every step in order, two installations side by side, one of them with two bots, and leaves nothing behind', async () => {
    const firstBase = await freePortBase();
    const secondBase = await freePortBase(firstBase + 100);
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('trawling-once-'));

    const temporary = launch(['--once', '--json', '--port-base', String(firstBase)]);
    const kept = launch(['--once', '--json', '--bots', '2', '--port-base', String(secondBase), '--state-dir', stateDir]);
    const [firstCode, secondCode] = await Promise.all([temporary.ended, kept.ended]);

    for (const [started, code] of [[temporary, firstCode], [kept, secondCode]] as const) {
      const report = Report.parse(JSON.parse(started.stdout()));
      if (!report.ok) throw new Error(`${report.error ?? 'no reason'}\n${started.stderr()}`);
      expect({ code, versions: report.versions }).toEqual({ code: 0, versions: { node: process.versions.node, openclaw: '2026.9.6' } });
      expect(report.steps.map(({ name }) => name)).toEqual([...STEPS]);
    }
    expect(Report.parse(JSON.parse(kept.stdout())).bots).toHaveLength(2);
    // The temporary state folder goes with success; the one that was asked for stays.
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('trawling-once-'))).toEqual(before);
    expect(existsSync(join(stateDir, 'logs'))).toBe(true);
    expect(existsSync(join(stateDir, 'connection.json'))).toBe(false);
    expect(processesOf(stateDir)).toEqual([]);
    const botId = Report.parse(JSON.parse(temporary.stdout())).bot_id ?? 'none';
    expect(findByMarker((entry) => entry.includes(botId))).toEqual([]);
  });

  it('says at which step it failed, exits with 1 and keeps the logs', async () => {
    const portBase = await freePortBase();

    const started = launch(['--once', '--json', '--port-base', String(portBase), '--timeout', '6'], ['node', 'tools/launcher/dist/main.js']);

    expect(await started.ended).toBe(1);
    const report = z.object({ ok: z.literal(false), failed_step: z.string(), error: z.string() }).parse(JSON.parse(started.stdout()));
    expect(report.error).toContain('timed out');
    const [, folder = ''] = /Logs and state: (\S+)/.exec(started.stderr()) ?? [];
    expect(readdirSync(join(folder, 'logs'))).toContain('postgres.log');
    expect(findByMarker((entry) => entry === `TRAWLING_STATE=${folder}`)).toEqual([]);
    removeStateDir(folder);
  });
});
