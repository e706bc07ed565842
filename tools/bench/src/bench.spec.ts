import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Results } from './report/result.js';

const root = resolve(__dirname, '..', '..', '..');
/** It builds what it measures, starts a Postgres, and says what went wrong by itself before that. */
const LIMIT_MS = 240_000;

/** As a person starts it; what it answers depends on the machine only in its speed. */
function bench(args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'tools/bench.mjs'), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk: Buffer) => (text[name] += chunk.toString()));
    child.once('close', (code) => done({ code, ...text }));
  });
}

describe('npm run bench', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-bench-spec-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('measures the real sync-adapter and its baselines, and says so in a table and as JSON', async () => {
    const file = join(folder, 'results.json');
    const documentBefore = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');

    const run = await bench(['--smoke', '--bots', '60', '--only', 'poll304', 'heartbeat', 'metrics', 'fleet', 'told', 'delta', 'provision', '--json', file]);

    if (run.code !== 0 && run.code !== 1) throw new Error(run.stderr);
    const results: Results = JSON.parse(readFileSync(file, 'utf8'));
    expect(Object.keys(results)).toEqual([
      'poll_304',
      'heartbeat_vs_prisma', 'heartbeat_vs_prepared_update', 'heartbeat_commits', 'heartbeat_p99_at_half_peak',
      'metrics_batch_of_10',
      'fleet_poll_p99', 'fleet_poll_rss', 'fleet_poll_errors', 'fleet_stream_p99', 'fleet_stream_rss', 'fleet_stream_errors',
      'told_single', 'told_bulk',
      'delta_bytes',
      'provision_post_p95', 'provision_burst_worst', 'provision_requests_per_bot',
      'provision_crowd_offline', 'provision_crowd_duplicates', 'provision_crowd_requests_per_bot',
      'provision_peak_minute', 'provision_peak_hour', 'provision_refused',
    ]);
    for (const [name, result] of Object.entries(results)) {
      expect(Object.keys(result)).toEqual(['value', 'unit', 'baseline', 'ratio', 'target', 'met']);
      expect(run.stdout).toMatch(new RegExp(`^${name} .*(yes|no)$`, 'm'));
    }
    // What does not depend on the speed of this machine: no bot met an error, and a change travels as a patch.
    expect(results['fleet_poll_errors']?.value).toBe(0);
    expect(results['fleet_stream_errors']?.value).toBe(0);
    expect(results['delta_bytes']?.met).toBe(true);
    expect(results['provision_crowd_offline']?.value).toBe(0);
    expect(results['provision_crowd_duplicates']?.value).toBe(0);
    expect(results['provision_refused']?.value).toBe(0);
    expect(results['provision_requests_per_bot']?.met).toBe(true);
    expect(readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')).toBe(documentBefore);
  }, LIMIT_MS + 10_000);
});
