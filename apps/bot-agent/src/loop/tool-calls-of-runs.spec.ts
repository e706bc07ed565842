import { createToolCallsOfRuns } from './tool-calls-of-runs.js';

describe('counting the tool calls of runs', () => {
  it('lets a run make as many tool calls as the limit says and names it at the next one', () => {
    const runs = createToolCallsOfRuns(2);

    expect([runs.started('a', 'call 1'), runs.started('a', 'call 2'), runs.started('a', 'call 3')]).toEqual([null, null, 3]);
  });

  it('counts a call once that it hears of twice', () => {
    const runs = createToolCallsOfRuns(2);
    for (const call of ['1', '2', '1', '2', '2']) expect(runs.started('a', call)).toBeNull();

    expect(runs.started('a', '3')).toBe(3);
  });

  it('names a run once, however many calls it makes until it is stopped', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a', 'call 4');
    runs.started('a', 'call 5');

    expect([runs.started('a', 'call 6'), runs.started('a', 'call 7')]).toEqual([null, null]);
  });

  it('names a run again when stopping it did not work', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a', 'call 8');
    runs.started('a', 'call 9');

    runs.notStopped('a');

    expect(runs.started('a', 'call 10')).toBe(2);
  });

  it('counts each run for itself', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a', 'call 11');

    expect(runs.started('b', 'call 12')).toBeNull();
    expect(runs.started('a', 'call 13')).toBe(2);
  });

  it('starts from nothing when the id of a settled run comes again', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a', 'call 14');

    runs.settled('a');

    expect(runs.started('a', 'call 15')).toBeNull();
  });

  it('forgets the run without a call for longest when there is no more room, never a busy one', () => {
    const runs = createToolCallsOfRuns(2, 2);
    runs.started('busy', 'call 16');
    runs.started('quiet', 'call 17');
    runs.started('busy', 'call 18');
    runs.started('new', 'call 19');

    expect(runs.started('busy', 'call 20')).toBe(3);
    expect([runs.started('quiet', 'call 21'), runs.started('quiet', 'call 22')]).toEqual([null, null]);
  });
});
