/** Numbers that a printed seed brings back: mulberry32, good enough to choose faults with. */
export function seededRandom(seed: number): { random: () => number; pick: <T>(choices: readonly T[]) => T } {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    random,
    pick: <T>(choices: readonly T[]): T => {
      const chosen = choices[Math.floor(random() * choices.length)];
      if (chosen === undefined) throw new Error('nothing to choose from');
      return chosen;
    },
  };
}
