import { type Server } from 'node:net';

export type LeakCheck = {
  /** Registers a server; the test fails when it still listens at its end. */
  server: <T extends Pick<Server, 'listening' | 'close'>>(server: T) => T;
  /** Like setTimeout and setInterval; the test fails when one is neither fired nor cleared at its end. */
  setTimeout: (run: () => void, ms: number) => NodeJS.Timeout;
  setInterval: (run: () => void, ms: number) => NodeJS.Timeout;
  clear: (timer: NodeJS.Timeout) => void;
  /** Anything else that can be open: a pool, a worker, a child process. */
  opened: (thing: { name: string; isOpen: () => boolean; close: () => unknown }) => void;
  /** What is open now, by name. The afterEach hook closes it and fails the test. */
  leaks: () => string[];
};

/** Call once per spec file (top level or in a describe): installs the afterEach hook that fails on leaks. */
export function failOnLeaks(install: (hook: () => Promise<void>) => void = afterEach): LeakCheck {
  const things = new Set<{ name: string; isOpen: () => boolean; close: () => unknown }>();
  const timers = new Set<NodeJS.Timeout>();
  const open = () => [...things].filter((thing) => thing.isOpen());
  const clear = (timer: NodeJS.Timeout): void => {
    clearTimeout(timer);
    timers.delete(timer);
  };
  const leaks = (): string[] => [...open().map((thing) => thing.name), ...[...timers].map(() => 'timer')];

  install(async () => {
    const left = leaks();
    for (const thing of open()) await thing.close();
    things.clear();
    timers.forEach(clear);
    if (left.length > 0) throw new Error(`the test left open: ${left.join(', ')}`);
  });

  return {
    leaks,
    clear,
    opened: (thing) => void things.add(thing),
    server(server) {
      const close = () => new Promise((resolve) => server.close(resolve));
      things.add({ name: 'server', isOpen: () => server.listening, close });
      return server;
    },
    setTimeout(run, ms) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
      return timer;
    },
    setInterval(run, ms) {
      const timer = setInterval(run, ms);
      timers.add(timer);
      return timer;
    },
  };
}
