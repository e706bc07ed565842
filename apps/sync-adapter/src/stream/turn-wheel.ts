export interface TurnWheel<S> {
  add: (thing: S) => void;
  remove: (thing: S) => void;
  close: () => void;
}

/** Turns a period is cut into: with ten thousand streams and 30 s, some 330 of them each second. */
const SLOTS = 30;

/** Gives each thing its turn once a period, evenly spread whenever they came; one timer for all of them. */
export function createTurnWheel<S extends { slot: number }>(options: { periodMs: number; onTurn: (thing: S) => void }): TurnWheel<S> {
  const slots = Array.from({ length: SLOTS }, () => new Set<S>());
  let at = 0;
  let next = 0;
  const timer = setInterval(() => {
    at = (at + 1) % SLOTS;
    slots[at]?.forEach(options.onTurn);
  }, options.periodMs / SLOTS);

  return {
    add(thing) {
      next = (next + 1) % SLOTS;
      thing.slot = next;
      slots[next]?.add(thing);
    },
    remove: (thing) => void slots[thing.slot]?.delete(thing),
    close: () => clearInterval(timer),
  };
}
