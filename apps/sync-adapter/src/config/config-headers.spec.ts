import { etagOf, knownHashes } from './config-headers.js';

describe('knownHashes', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['*', ['*']],
    ['"sha256:a"', ['sha256:a']],
    ['W/"sha256:a"', ['sha256:a']],
    ['"sha256:a", W/"sha256:b"', ['sha256:a', 'sha256:b']],
    ['sha256:a', []],
  ])('reads %p', (header, expected) => {
    expect(knownHashes(header)).toEqual(expected);
  });

  it('reads back what etagOf writes', () => {
    expect(knownHashes(etagOf('sha256:a'))).toEqual(['sha256:a']);
  });
});
