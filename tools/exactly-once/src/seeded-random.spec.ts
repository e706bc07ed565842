import { seededRandom } from './seeded-random.js';

describe('seededRandom', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const numbers = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed).random);

    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
  });

  it('chooses by weight and never what weighs nothing', () => {
    const { weighted } = seededRandom(1);
    const chosen = Array.from({ length: 1_000 }, () => weighted([{ name: 'often', weight: 9 }, { name: 'never', weight: 0 }, { name: 'seldom', weight: 1 }]).name);

    expect(chosen).not.toContain('never');
    expect(chosen.filter((name) => name === 'often').length).toBeGreaterThan(chosen.filter((name) => name === 'seldom').length);
  });

  it('makes ids that Postgres takes', () => {
    expect(seededRandom(1).uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
