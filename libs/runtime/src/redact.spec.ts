import fc from 'fast-check';
import { redact, redactDeep } from './redact.js';

describe('redact', () => {
  it.each([
    ['ttk_0190aaaa-0000-7000-8000-000000000000_abc-_DEF', 'ttk_0190aaaa-0000-7000-8000-000000000000_[redacted]'],
    ['a ttb_notanid12345 b', 'a ttb_[redacted] b'],
    ['Authorization: bearer abc.def-ghi', 'Authorization: bearer [redacted]'],
    ['postgresql://app:hunter2@db:5432/x?a=b', 'postgresql://app:[redacted]@db:5432/x?a=b'],
    ['key sk-proj-0123456789abcdef01', 'key sk-[redacted]'],
    ['-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----', '[redacted]'],
    ['GET http://127.0.0.1:4100/bots/a@b', 'GET http://127.0.0.1:4100/bots/a@b'],
    ['a bearer of news', 'a bearer of news'],
  ])('%s', (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it('changes nothing the second time', () => {
    fc.assert(fc.property(fc.string(), (text) => expect(redact(redact(text))).toBe(redact(text))));
  });

  it('keeps any JSON without secret names or texts as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }).filter((v) => !/token|secret|value|mac|key|pass|cookie|cred|auth|url|tt[kbe]|sk-|:|\s/i.test(JSON.stringify(v ?? '').replaceAll('":', ''))), (value) => {
        expect(JSON.stringify(redactDeep(value))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('survives cycles', () => {
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic['self'] = cyclic;

    expect(JSON.stringify(redactDeep(cyclic))).toContain('[too deep]');
  });
});
