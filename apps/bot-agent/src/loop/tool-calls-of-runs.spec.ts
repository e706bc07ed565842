import { createToolCallsOfRuns } from './tool-calls-of-runs.js';

describe('counting the tool calls of runs', () => {
  it('lets a run make as many tool calls as the limit says and names it at the next one', () => {
    const runs = createToolCallsOfRuns(2);

    expect([runs.started('a'), runs.started('a'), runs.started('a')]).toEqual([null, null, 3]);
  });

  it('names a run once, however many calls it makes until it is stopped', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a');
    runs.started('a');

    expect([runs.started('a'), runs.started('a')]).toEqual([null, null]);
  });

  it('names a run again when stopping it did not work', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a');
    runs.started('a');

    runs.notStopped('a');

    expect(runs.started('a')).toBe(3);
  });

  it('counts each run for itself', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a');

    expect(runs.started('b')).toBeNull();
    expect(runs.started('a')).toBe(2);
  });

  it('starts from nothing when the id of a settled run comes again', () => {
    const runs = createToolCallsOfRuns(1);
    runs.started('a');

    runs.settled('a');

    expect(runs.started('a')).toBeNull();
  });

  it('forgets the run without a call for longest when there is no more room, never a busy one', () => {
    const runs = createToolCallsOfRuns(2, 2);
    runs.started('busy');
    runs.started('quiet');
    runs.started('busy');
    runs.started('new');

    expect(runs.started('busy')).toBe(3);
    expect([runs.started('quiet'), runs.started('quiet')]).toEqual([null, null]);
  });
});
