import { etagOf, knownHashes } from './config-headers.js';

const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];

describe('knownHashes', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['*', ['*']],
    [`"${a}"`, [a]],
    [`W/"${a}"`, [a]],
    [`"${a}", W/"${b}"`, [a, b]],
    [a, []],
    ['"sha256:a"', []],
    [`"${a}a"`, []],
    [`"${a.toUpperCase()}"`, []],
    [`"${'x'.repeat(10_000)}", "${b}"`, [b]],
  ])('reads %p', (header, expected) => {
    expect(knownHashes(header)).toEqual(expected);
  });

  it('reads back what etagOf writes', () => {
    expect(knownHashes(etagOf(a))).toEqual([a]);
  });

  it('keeps a few of however many there are', () => {
    expect(knownHashes(Array.from({ length: 100 }, () => etagOf(a)).join(', '))).toEqual([a, a, a, a]);
  });
});
