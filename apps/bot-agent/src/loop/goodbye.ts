import { type Clock, waitAtMost } from '@trawling/runtime';

export interface Goodbye {
  /** This process was told to end. */
  isSaid(): boolean;
  /** A heartbeat that says so was answered or did not get through. */
  tried(): void;
  /** Asks for one more heartbeat and waits for it, a moment at most. `heartbeats`: null before they began, over when nobody listens. */
  say(heartbeats: Promise<unknown> | null): Promise<void>;
}

/** A sync-adapter that is away must not hold up the end of the process. Milliseconds. */
const GOODBYE_MS = 2_000;

/** Tells the control plane that the agent ends, so that nobody has to miss it first. */
export function createGoodbye({ clock, ring }: { clock: Pick<Clock, 'sleep'>; ring(): void }): Goodbye {
  let said = false;
  let tried = (): void => undefined;
  const once = new Promise<void>((resolve) => (tried = resolve));

  return {
    isSaid: () => said,
    tried: () => tried(),
    say: async (heartbeats) => {
      said = true;
      if (heartbeats === null) return;
      ring();
      await waitAtMost(clock, GOODBYE_MS, Promise.race([once, heartbeats.catch(() => undefined)]));
    },
  };
}
