import { withReleasers } from './lifecycle.js';

describe('withReleasers', () => {
  it('closes the last opened first', async () => {
    const closed: string[] = [];
    const opened = await withReleasers((onStop) => {
      onStop(() => closed.push('database'));
      onStop(() => closed.push('queue'));
      onStop(() => closed.push('server'));
      return 'value';
    });

    await opened.stop();

    expect(opened.value).toBe('value');
    expect(closed).toEqual(['server', 'queue', 'database']);
  });

  it('waits for one release to end before the next begins', async () => {
    const steps: string[] = [];
    const { stop } = await withReleasers((onStop) => {
      onStop(() => steps.push('database closed'));
      onStop(async () => {
        steps.push('drain begins');
        await new Promise((resolve) => setImmediate(resolve));
        steps.push('drain ends');
      });
    });

    await stop();

    expect(steps).toEqual(['drain begins', 'drain ends', 'database closed']);
  });

  it('runs each release once however often it is stopped', async () => {
    let runs = 0;
    const { stop } = await withReleasers((onStop) => onStop(() => (runs += 1)));

    await Promise.all([stop(), stop()]);
    await stop();

    expect(runs).toBe(1);
  });

  it('closes everything even when some releases fail, and tells all errors with their names', async () => {
    const closed: string[] = [];
    const { stop } = await withReleasers((onStop) => {
      onStop(() => closed.push('first'));
      onStop(() => {
        throw new Error('pool is gone');
      }, 'database');
      onStop(() => Promise.reject(new Error('timeout')), 'queue');
      onStop(() => closed.push('last'));
    });

    const error: unknown = await stop().catch((e: unknown) => e);

    expect(closed).toEqual(['last', 'first']);
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ message: 'closing queue: timeout; closing database: pool is gone' });
  });

  it('closes what is open when opening fails half-way, and throws the reason', async () => {
    const closed: string[] = [];
    const opening = withReleasers((onStop) => {
      onStop(() => closed.push('database'));
      throw new Error('port in use');
    });

    await expect(opening).rejects.toThrow('port in use');
    expect(closed).toEqual(['database']);
  });

  it('keeps the reason when closing after a failed opening fails as well', async () => {
    const opening = withReleasers((onStop) => {
      onStop(() => Promise.reject(new Error('stuck')), 'database');
      throw new Error('port in use');
    });

    const error: unknown = await opening.catch((e: unknown) => e);

    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ message: expect.stringContaining('port in use') });
  });

  it('closes at once, and refuses, what is opened after the stop has begun', async () => {
    let late = false;
    const { value: open, stop } = await withReleasers((onStop) => onStop);
    await stop();

    expect(() => open(() => (late = true), 'cache')).toThrow('cache was opened after the stop');
    await Promise.resolve();
    expect(late).toBe(true);
  });
});
