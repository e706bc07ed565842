import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { createKeyring, parseMasterKeys } from './keyring.js';
import { botId, otherBotId } from './testing/fixtures.js';

const newKey = () => randomBytes(32).toString('base64');
const context = { bot_id: botId, name: 'llm_api_key', version: 1 };

describe('the keyring', () => {
  const keyring = createKeyring(`a:${newKey()}`);

  it('opens what it wrapped, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.dictionary(fc.string(), fc.string()), (plain, where) => {
        expect(keyring.unwrap(keyring.wrap(plain, { where }), { where })).toEqual(Buffer.from(plain));
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(keyring.unwrap(keyring.wrap(text, null), null).toString()).toBe(text)));
  });

  it('never makes the same envelope twice, and none shows the plaintext', () => {
    const envelopes = Array.from({ length: 50 }, () => keyring.wrap('sk-very-secret', context));

    expect(new Set(envelopes).size).toBe(50);
    expect(envelopes.join()).not.toContain(Buffer.from('sk-very-secret').toString('base64url').slice(0, 10));
  });

  it.each([
    ['bot', { ...context, bot_id: otherBotId }],
    ['name', { ...context, name: 'other' }],
    ['version', { ...context, version: 2 }],
    ['form', 'llm_api_key'],
  ])('opens nothing under another %s', (_what, other) => {
    const envelope = keyring.wrap('sk-very-secret', context);

    expect(() => keyring.unwrap(envelope, other)).toThrow(expect.objectContaining({ reason: 'cannot-open' }));
  });

  it('opens nothing that was altered anywhere', () => {
    const envelope = keyring.wrap('sk-very-secret', context);

    fc.assert(
      fc.property(fc.nat(envelope.length - 1), fc.constantFrom(...'ABCxyz019-_.'), (at, letter) => {
        const altered = envelope.slice(0, at) + letter + envelope.slice(at + 1);
        fc.pre(altered !== envelope);
        expect(() => keyring.unwrap(altered, context)).toThrow(expect.objectContaining({ name: 'CryptoError' }));
      }),
    );
  });

  it('opens what an older key wrapped and asks to wrap it again', () => {
    const [first, second] = [`a:${newKey()}`, `b:${newKey()}`];
    const envelope = createKeyring(first).wrap('v', context);
    const rotated = createKeyring(`${second},${first}`);

    expect(rotated.unwrap(envelope, context).toString()).toBe('v');
    expect(rotated.needsRewrap(envelope)).toBe(true);
    expect(rotated.needsRewrap(rotated.wrap('v', context))).toBe(false);
    const again = rotated.rewrap(envelope, context);
    expect(again.startsWith(rotated.currentPrefix)).toBe(true);
    expect([envelope.startsWith(rotated.currentPrefix), rotated.needsRewrap(again)]).toEqual([false, false]);
    expect(rotated.unwrap(again, context)).toEqual(rotated.unwrap(envelope, context));
  });

  it('says which key is missing', () => {
    const envelope = createKeyring(`old:${newKey()}`).wrap('v', context);

    expect(() => keyring.unwrap(envelope, context)).toThrow(expect.objectContaining({ reason: 'unknown-key', message: expect.stringContaining('old') }));
  });

  it('does not open under another key of the same id', () => {
    const envelope = createKeyring(`a:${newKey()}`).wrap('v', context);

    expect(() => keyring.unwrap(envelope, context)).toThrow(expect.objectContaining({ reason: 'cannot-open' }));
  });

  it.each([
    ['', 'entry 1 is not id:base64'],
    ['a', 'entry 1 is not id:base64'],
    ['a:c2hvcnQ=', 'the key a has 5 bytes instead of 32'],
    [`a:${'A'.repeat(43)}=,a:${'B'.repeat(43)}=`, 'two keys have the same id'],
  ])('MASTER_KEYS %j is refused: %s', (text, message) => {
    expect(() => parseMasterKeys(text)).toThrow(message);
  });

  it('never repeats a key in a message', () => {
    expect(() => parseMasterKeys('a:c2VjcmV0')).not.toThrow(/c2VjcmV0/);
  });
});
