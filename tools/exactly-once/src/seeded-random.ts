/** Numbers that a printed seed brings back. */
export type SeededRandom = {
  random: () => number;
  /** Whole, both ends included. */
  int: (from: number, to: number) => number;
  chance: (probability: number) => boolean;
  pick: <T>(choices: readonly T[]) => T;
  /** One of `choices`, each as likely as its weight says. */
  weighted: <T extends { weight: number }>(choices: readonly T[]) => T;
  uuid: () => string;
};

/** mulberry32: good enough to choose faults with. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  return {
    random,
    int,
    chance: (probability) => random() < probability,
    pick: (choices) => present(choices[int(0, choices.length - 1)]),
    weighted(choices) {
      let left = random() * choices.reduce((sum, { weight }) => sum + weight, 0);
      return present(choices.find(({ weight }) => (left -= weight) < 0) ?? choices.at(-1));
    },
    uuid() {
      const hex = Array.from({ length: 32 }, () => int(0, 15).toString(16)).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}
