import { storableText } from './storable-text.js';

describe('storableText', () => {
  it('takes out what a database refuses and never cuts a character in half', () => {
    expect(storableText('a\0b', 10)).toBe('ab');
    expect(storableText('a😀', 2)).toBe('a\uFFFD');
    expect(storableText('😀b', 10)).toBe('😀b');
  });
});
