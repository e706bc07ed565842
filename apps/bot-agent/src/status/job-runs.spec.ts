import { CronJobView } from '../gateway/openclaw-types.js';
import { createJobRuns } from './job-runs.js';

const job = (id: string, over: { declarationKey?: string; runningAtMs?: number } = {}): CronJobView =>
  CronJobView.parse({
    id, name: id, enabled: true, declarationKey: over.declarationKey ?? `fleet:${id}`,
    state: over.runningAtMs === undefined ? {} : { runningAtMs: over.runningAtMs },
  });

describe('the runs of jobs that go on', () => {
  const setUp = () => {
    const changes: number[] = [];
    const ends: boolean[] = [];
    const runs = createJobRuns({ onChange: () => changes.push(runs.count()), onEnded: (ok) => ends.push(ok) });
    const hear = (action: string, jobId: string, declarationKey = `fleet:${jobId}`) => runs.heard({ action, jobId, job: { declarationKey } });
    const hearEnd = (runAtMs: number, status: string, declarationKey = 'fleet:a') => runs.heard({ action: 'finished', jobId: 'a', runAtMs, status, job: { declarationKey } });
    return { runs, hear, hearEnd, changes, ends };
  };

  it('count from started to finished', () => {
    const { runs, hear, changes } = setUp();

    hear('started', 'a');
    hear('started', 'b');
    hear('finished', 'a');
    hear('scheduled', 'a');

    expect(runs.count()).toBe(1);
    expect(changes).toEqual([1, 2, 1]);
  });

  it('count once when the start is heard twice, and an end without a start is none', () => {
    const { runs, hear, changes } = setUp();

    hear('finished', 'a');
    hear('started', 'a');
    hear('started', 'a');

    expect(runs.count()).toBe(1);
    expect(changes).toEqual([1]);
  });

  it('end well or badly, each once however often it is told, and a skipped one was none', () => {
    const { hearEnd, ends } = setUp();

    hearEnd(1, 'ok');
    hearEnd(1, 'ok');
    hearEnd(2, 'error');
    hearEnd(3, 'skipped');
    hearEnd(4, 'ok', 'memory-dreaming');

    expect(ends).toEqual([true, false]);
  });

  it('are those of our jobs alone, and end with their job', () => {
    const { runs, hear } = setUp();

    hear('started', 'theirs', 'memory-dreaming');
    hear('started', 'ours');
    hear('removed', 'ours');

    expect(runs.count()).toBe(0);
  });

  it('are put right by the next list of jobs, whether an end or a start was not heard', async () => {
    const { runs, hear } = setUp();
    hear('started', 'ended unheard');

    const listed = await runs.corrected(async () => [job('ended unheard'), job('began unheard', { runningAtMs: 5 }), job('theirs', { declarationKey: 'x', runningAtMs: 5 })]);

    expect(listed).toHaveLength(3);
    expect(runs.count()).toBe(1);
    hear('finished', 'began unheard');
    expect(runs.count()).toBe(0);
  });

  it('are not put wrong by a list that is older than what was heard meanwhile', async () => {
    const { runs, hear } = setUp();
    hear('started', 'a');

    await runs.corrected(async () => {
      hear('finished', 'a');
      hear('started', 'b');
      return [job('a', { runningAtMs: 5 }), job('b')];
    });

    expect(runs.count()).toBe(1);
    hear('finished', 'b');
    expect(runs.count()).toBe(0);
  });

  it('stay as they are when no list came', async () => {
    const { runs, hear } = setUp();
    hear('started', 'a');

    await expect(runs.corrected(() => Promise.reject(new Error('away')))).rejects.toThrow('away');

    expect(runs.count()).toBe(1);
  });

  it('are over when the gateway was started again, whatever an older list says', async () => {
    const { runs, hear } = setUp();
    hear('started', 'a');

    await runs.corrected(async () => {
      runs.forget();
      return [job('a', { runningAtMs: 5 })];
    });

    expect(runs.count()).toBe(0);
  });
});
