import { createMemoryLogger } from './testing/index.js';

const secret = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE';
const id = '0190aaaa-0000-7000-8000-000000000000';

describe('the logger', () => {
  it('writes one JSON object a line with level names and RFC 3339 times', () => {
    const log = createMemoryLogger({ name: 'demo' });

    log.logger.info({ bot_id: id }, 'hello');

    expect(log.lines()).toEqual([
      expect.objectContaining({ level: 'info', name: 'demo', bot_id: id, msg: 'hello', time: expect.stringMatching(/Z$/) }),
    ]);
  });

  it.each([
    ['authorization header', { req: { headers: { authorization: `Bearer ${secret}` } } }],
    ['token', { token: secret }],
    ['gateway token', { connection: { bots: [{ gateway_token: secret }] } }],
    ['secret', { secret }],
    ['API key', { llm: { apiKey: secret } }],
    ['API key in snake_case', { llm: { api_key: secret } }],
    ['password', { db: { password: secret } }],
    ['value of a secret', { name: 'llm_api_key', value: secret }],
    ['secrets by name', { body: { secrets: { llm: secret } } }],
    ['secrets as a list', { body: { secrets: [{ name: 'llm', text: secret }] } }],
    ['private key', { jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', d: secret } }],
    ['deeply nested token', { a: { b: { c: { d: { token: secret } } } } }],
    ['bytes', { token: Buffer.from(secret) }],
    ['master keys', { MASTER_KEYS: `a:${secret}` }],
    ['database URL', { url: `postgresql://app:${secret}@localhost/db` }],
    ['token in a text', { line: `agent said ttb_${id}_${secret}` }],
    ['token in an error', { err: new Error(`refused tte_${id}_${secret}`) }],
    ['headers on an error', { err: Object.assign(new Error('x'), { config: { headers: { Authorization: secret } } }) }],
    ['cause of an error', { err: new Error('x', { cause: new Error(`Bearer ${secret}`) }) }],
    ['stringified JWK', { line: JSON.stringify({ crv: 'Ed25519', d: secret }) }],
  ])('hides a %s', (_what, members) => {
    const log = createMemoryLogger();

    log.logger.info(members, 'something happened');
    log.logger.child(members).info('in a child');

    expect(log.lines()).toHaveLength(2);
    expect(log.text().split('\n')[0]).not.toContain(secret);
    expect(log.lines()[0]?.msg).toBe('something happened');
  });

  it.each([
    ['a token', { token: secret }],
    ['a nested token', { bot: { gateway_token: secret } }],
    ['an authorization', { headers: { authorization: secret } }],
  ])('hides %s bound to a child logger', (_what, bindings) => {
    const log = createMemoryLogger();

    log.logger.child(bindings).info('hello');

    expect(log.text()).not.toContain(secret);
  });

  it('hides secrets in messages', () => {
    const log = createMemoryLogger();

    log.logger.warn('got %s', `ttk_${id}_${secret}`);

    expect(log.lines()[0]?.msg).toBe(`got ttk_${id}_[redacted]`);
  });

  it('keeps numbers under such names, ids and secret names', () => {
    const log = createMemoryLogger();

    log.logger.info({ metric: { name: 'equity', value: 12 }, token_id: id, secrets: [{ name: 'llm_api_key', version: 3 }] }, 'x');

    expect(log.lines()[0]).toMatchObject({
      metric: { value: 12 },
      token_id: id,
      secrets: [{ name: 'llm_api_key', version: 3 }],
    });
  });

  it('tells error codes and nested errors', () => {
    const log = createMemoryLogger();

    log.logger.error({ err: new AggregateError([Object.assign(new Error('a'), { code: 'ECONNREFUSED' })], 'all failed') }, 'x');

    expect(log.lines()[0]).toMatchObject({ err: { message: 'all failed', errors: [{ code: 'ECONNREFUSED', message: 'a' }] } });
  });
});
