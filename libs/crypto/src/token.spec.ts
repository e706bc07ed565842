import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { equalInConstantTime, hashToken, makeToken, parseToken, tokenMatches, type TokenPrefix } from './token.js';

const anyPrefix = fc.constantFrom<TokenPrefix[]>('ttk', 'ttb', 'tte');
const anySecret = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('tokens', () => {
  it('give back their parts', () => {
    fc.assert(
      fc.property(anyPrefix, fc.uuid(), anySecret, (prefix, id, bytes) => {
        const token = makeToken(prefix, id, () => bytes);
        expect(parseToken(token)).toEqual({ prefix, id, secret: Buffer.from(bytes).toString('base64url') });
      }),
    );
  });

  it('are the only spelling of their bytes', () => {
    fc.assert(
      fc.property(anySecret, fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'), (bytes, last) => {
        const token = makeToken('ttb', '0190aaaa-0000-7000-8000-000000000001', () => bytes);
        const other = token.slice(0, -1) + last;
        const parsed = parseToken(other);
        const sameBytes = parsed !== null && Buffer.from(parsed.secret, 'base64url').equals(Buffer.from(bytes));
        expect(sameBytes).toBe(other === token);
      }),
    );
  });

  it('are never found in other texts', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(parseToken(text)).toBeNull()));
  });

  it.each([
    ['', 'nothing'],
    ['ttx_0190aaaa-0000-7000-8000-000000000001_' + 'A'.repeat(43), 'another prefix'],
    ['ttk_0190AAAA-0000-7000-8000-000000000001_' + 'A'.repeat(43), 'an id in capitals'],
    ['ttk_0190aaaa-0000-7000-8000-000000000001_' + 'A'.repeat(42), 'a short secret'],
    ['ttk_0190aaaa-0000-7000-8000-000000000001_' + 'A'.repeat(44), 'a long secret'],
    ['ttk_0190aaaa-0000-7000-8000-000000000001_' + 'A'.repeat(43) + '\n', 'a newline at the end'],
  ])('%j is refused: %s', (text) => {
    expect(parseToken(text)).toBeNull();
  });

  it('match their own hash and no other', () => {
    const token = makeToken('ttk', '0190aaaa-0000-7000-8000-000000000001', randomBytes);
    const other = makeToken('ttk', '0190aaaa-0000-7000-8000-000000000001', randomBytes);

    expect(hashToken(token)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(tokenMatches(token, hashToken(token))).toBe(true);
    expect(tokenMatches(other, hashToken(token))).toBe(false);
    expect(tokenMatches(token, 'sha256:short')).toBe(false);
  });

  it('are compared as texts are', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => expect(equalInConstantTime(a, b)).toBe(a === b)));
    fc.assert(fc.property(fc.string(), (a) => expect(equalInConstantTime(a, a)).toBe(true)));
  });
});
