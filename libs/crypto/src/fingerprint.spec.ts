import { createFingerprint } from './fingerprint.js';

const key = (id: string, byte: number) => ({ id, key: Buffer.alloc(32, byte) });
const one = createFingerprint([key('one', 1)]);

describe('a fingerprint', () => {
  it('recognises the text it was made of, and no other', () => {
    expect(one.matches(one.of('text'), 'text')).toBe(true);
    expect(one.matches(one.of('text'), 'Text')).toBe(false);
  });

  it('differs under another key of the same id, so that without the key nobody can try texts', () => {
    const other = createFingerprint([key('one', 2)]);

    expect(other.of('text')).not.toBe(one.of('text'));
    expect(other.matches(one.of('text'), 'text')).toBe(false);
  });

  it('is still recognised after a new master key came, and no longer once the old one is gone', () => {
    const rotated = createFingerprint([key('two', 2), key('one', 1)]);

    expect(rotated.of('text')).toMatch(/^hmac-sha256:two:/);
    expect(rotated.matches(one.of('text'), 'text')).toBe(true);
    expect(createFingerprint([key('two', 2)]).matches(one.of('text'), 'text')).toBe(false);
  });

  it.each(['', 'sha256:abc', 'hmac-sha256:one:', 'hmac-sha256:one:zz'])('is not %j', (text) => {
    expect(one.matches(text, 'text')).toBe(false);
  });
});
