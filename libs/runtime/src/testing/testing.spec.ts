import { createServer } from 'node:net';
import { failOnLeaks, until } from './index.js';

describe('until', () => {
  it('gives what the condition gave, taking errors for "not yet"', async () => {
    let calls = 0;
    const value = await until(
      () => {
        calls += 1;
        if (calls < 3) throw new Error('not there');
        return { found: calls };
      },
      { intervalMs: 1 },
    );

    expect(value).toEqual({ found: 3 });
  });

  it('says what it saw last when time is up', async () => {
    const waiting = until(() => Promise.reject(new Error('still pending')), { timeoutMs: 5, intervalMs: 1, message: 'no ack' });

    await expect(waiting).rejects.toThrow('no ack within 5 ms; last seen: still pending');
  });
});

describe('failOnLeaks', () => {
  /** Catches the hook instead of installing it, to play the end of a test by hand. */
  function play() {
    let end: () => Promise<void> = async () => undefined;
    const leaks = failOnLeaks((hook) => (end = hook));
    return { leaks, end: () => end() };
  }
  const listening = async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };

  it('passes when everything is closed', async () => {
    const { leaks, end } = play();
    const server = leaks.server(await listening());
    leaks.clear(leaks.setInterval(() => undefined, 1_000));
    await new Promise<void>((resolve) => void leaks.setTimeout(resolve, 1));
    await new Promise((resolve) => server.close(resolve));

    await expect(end()).resolves.toBeUndefined();
  });

  it('fails a test that leaves a server, a timer or something of its own open, and closes them', async () => {
    const { leaks, end } = play();
    const server = leaks.server(await listening());
    leaks.setInterval(() => undefined, 1_000);
    let open = true;
    leaks.opened({ name: 'pool', isOpen: () => open, close: () => (open = false) });

    await expect(end()).rejects.toThrow('the test left open: server, pool, timer');

    expect([server.listening, open]).toEqual([false, false]);
    await expect(end()).resolves.toBeUndefined();
  });
});
