import { createChangeHub } from './change-hub.js';

const LONG = 60_000;

describe('the change hub', () => {
  it('wakes who watches one of the ids of a change', async () => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });

    const woken = watch.changed(LONG);
    hub.publish({ topic: 'config', ids: ['bot-0', 'bot-1'] });

    expect(await woken).toBe(true);
    watch.stop();
  });

  it('does not lose a change between looking and waiting', async () => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });
    hub.publish({ topic: 'config', ids: ['bot-1'] });

    expect(await watch.changed(LONG)).toBe(true);
    watch.stop();
  });

  it.each([
    ['another topic', { topic: 'secrets', ids: ['bot-1'] }],
    ['another id', { topic: 'config', ids: ['bot-2'] }],
  ])('stays asleep for %s', async (_case, change) => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });
    hub.publish(change);

    expect(await watch.changed(1)).toBe(false);
    watch.stop();
  });

  it('wakes everyone for a change without ids, and after a reconnect', async () => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });

    hub.publish({ topic: 'config', ids: [] });
    expect(await watch.changed(LONG)).toBe(true);
    hub.wakeAll();
    expect(await watch.changed(LONG)).toBe(true);
    watch.stop();
  });

  it('ends all waiting when it closes, without calling it a change', async () => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });

    const waiting = watch.changed(LONG);
    hub.close();

    expect(await waiting).toBe(false);
    expect(await watch.changed(LONG)).toBe(false);
    watch.stop();
  });

  it('ends one waiting when its watch is stopped, now and for ever', async () => {
    const hub = createChangeHub();
    const watch = hub.watch({ topics: ['config'], id: 'bot-1' });

    const waiting = watch.changed(LONG);
    watch.stop();

    expect(await waiting).toBe(false);
    expect(await watch.changed(LONG)).toBe(false);
    expect(hub.size()).toBe(0);
  });

  it('tells all who watch the same id', async () => {
    const hub = createChangeHub();
    const watches = [1, 2, 3].map(() => hub.watch({ topics: ['config'], id: 'bot-1' }));
    expect(hub.size()).toBe(3);

    hub.publish({ topic: 'config', ids: ['bot-1'] });

    expect(await Promise.all(watches.map((watch) => watch.changed(LONG)))).toEqual([true, true, true]);
    watches.forEach((watch) => watch.stop());
    expect(hub.size()).toBe(0);
  });
});
