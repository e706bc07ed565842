import { withReleasers } from '@trawling/runtime';
import { createTestDatabase } from '@trawling/database/testing';
import { runSchedules } from './run-schedules.js';

/** Enough to meet every kind of disturbance; `npm run test:exactly-once` runs hundreds. */
const SCHEDULES = 6;

describe('several provisioners under random faults', () => {
  it('end with exactly one droplet for each bot, every bot online, and nothing that belongs to nobody', async () => {
    const seed = Number(process.env['EXACTLY_ONCE_SEED'] ?? 41);
    console.log(`EXACTLY_ONCE_SEED=${seed}`);
    const opened = await withReleasers(async (onStop) => {
      const testDatabase = await createTestDatabase();
      onStop(() => testDatabase.close(), 'database');
      return runSchedules(onStop, {
        databaseUrl: testDatabase.url, provisionerUrl: testDatabase.roleUrl('trawling_provisioner'),
        schedules: SCHEDULES, seed, workers: 3, turns: 60, prismEvery: 0, onSchedule: () => undefined,
      });
    });
    await opened.stop();
    const { results, summary, coverage } = opened.value;

    const bad = results.filter(({ violations }) => violations.length > 0);
    expect(bad.map(({ seed: of, violations, story }) => ({ seed: of, violations, story }))).toEqual([]);
    expect(summary).toMatchObject({ schedules: SCHEDULES, duplicates: 0, orphans: 0, offline: 0 });
    // The faults were there.
    const steps = coverage.steps();
    expect(steps.some(({ killed }) => killed > 0) && steps.some(({ stopped }) => stopped > 0)).toBe(true);
    expect(steps.find(({ step }) => step === 'POST /v2/droplets request')?.reached).toBeGreaterThan(0);
  }, 240_000);
});
