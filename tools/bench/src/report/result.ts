/** One line of the table; `--json` writes these as they are. */
export type Result = {
  value: number;
  unit: string;
  /** What `value` is compared with, in the same unit; null when the target is an absolute one. */
  baseline: number | null;
  /** How much better than the baseline; null without one. */
  ratio: number | null;
  /** For the ratio when there is a baseline, else for the value. */
  target: string;
  met: boolean;
};

export type Results = Record<string, Result>;

/** More of it is better: the ratio has to reach `atLeast`. */
export function compared(input: { value: number; baseline: number; unit: string; atLeast: number }): Result {
  const { value, baseline, unit, atLeast } = input;
  const ratio = baseline > 0 ? value / baseline : 0;
  return { value, unit, baseline, ratio, target: `ratio ≥ ${atLeast}`, met: ratio >= atLeast };
}

/** Less of it is better: the baseline divided by the value has to reach `atLeast`. */
export function reduced(input: { value: number; baseline: number; unit: string; atLeast: number }): Result {
  const { value, baseline, unit, atLeast } = input;
  const ratio = value > 0 ? baseline / value : 0;
  return { value, unit, baseline, ratio, target: `ratio ≥ ${atLeast}`, met: ratio >= atLeast };
}

/** An absolute bound from above, itself excluded unless it is 0. */
export const below = (value: number, unit: string, bound: number): Result => ({
  value,
  unit,
  baseline: null,
  ratio: null,
  target: bound === 0 ? '0' : `< ${bound}`,
  met: bound === 0 ? value === 0 : value < bound,
});

/** An absolute bound from above, itself included. */
export const atMost = (value: number, unit: string, bound: number): Result => ({
  value, unit, baseline: null, ratio: null, target: `≤ ${bound}`, met: value <= bound,
});

/** The middle one; of an even number the mean of the two in the middle. Throws for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new Error('the median of nothing');
  return (lower + upper) / 2;
}
