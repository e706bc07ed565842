import { rawHeader } from './raw-header.js';

describe('rawHeader', () => {
  const rawHeaders = ['Host', 'here', 'AUTHORIZATION', 'Bearer a', 'authorization', 'Bearer b', 'If-None-Match', ''];

  it.each([
    ['host', 'here'],
    ['authorization', 'Bearer a'],
    ['if-none-match', ''],
    ['here', undefined],
    ['accept', undefined],
  ])('finds the first %s, however it is spelled', (name, expected) => {
    expect(rawHeader({ rawHeaders }, name)).toBe(expected);
  });
});
