import { type HttpAnswer, readAnswer } from './read-answer.js';

const now = new Date('2026-11-21T08:00:00.000Z');
const read = (answer: Partial<HttpAnswer>) =>
  readAnswer({ status: 200, contentType: 'application/json', retryAfter: undefined, date: undefined, body: '{}', ...answer }, now);

describe('an answer', () => {
  it.each([
    [{ status: 204, contentType: undefined, body: '' }],
    [{ status: 200 }],
    [{ status: 202, contentType: 'Application/JSON; charset=utf-8' }],
  ])('is success: %j', (answer) => {
    expect(read(answer)).toEqual({ ok: true, httpStatus: answer.status });
  });

  it.each([
    [{ status: 200, contentType: 'text/html' }, 'not-a-receiver'],
    [{ status: 200, contentType: undefined }, 'not-a-receiver'],
    [{ status: 200, contentType: 'application/jsonp' }, 'not-a-receiver'],
    [{ status: 200, body: null }, 'not-a-receiver'],
    [{ status: 301 }, 'not-a-receiver'],
    [{ status: 308 }, 'not-a-receiver'],
    [{ status: 404 }, 'not-a-receiver'],
    [{ status: 405 }, 'not-a-receiver'],
    [{ status: 400 }, 'invalid'],
    [{ status: 422 }, 'invalid'],
    [{ status: 401 }, 'unauthorized'],
    [{ status: 403 }, 'unauthorized'],
    [{ status: 402 }, 'refused'],
    [{ status: 409 }, 'refused'],
    [{ status: 413 }, 'refused'],
    [{ status: 408 }, 'timeout'],
    [{ status: 429 }, 'throttled'],
    [{ status: 500 }, 'server-error'],
    [{ status: 503 }, 'server-error'],
    [{ status: 599 }, 'server-error'],
  ])('%j is the failure %s', (answer, reason) => {
    expect(read(answer)).toMatchObject({ ok: false, reason, httpStatus: answer.status });
  });

  it.each([[429, 7_000], [503, 7_000], [500, null], [401, null]])('of %i with Retry-After: 7 is waited for %s ms', (status, ms) => {
    expect(read({ status, retryAfter: '7' })).toMatchObject({ retryAfterMs: ms });
  });

  it.each([
    ['{"code":"unsupported-schema-version","detail":"secret"}', 'unsupported-schema-version'],
    ['{"code":"Something The Payload Said"}', null],
    ['{"code":7}', null],
    ['null', null],
    ['<html>', null],
  ])('with the body %s keeps of it %s', (body, code) => {
    expect(read({ status: 422, body })).toEqual({ ok: false, reason: 'invalid', httpStatus: 422, retryAfterMs: null, code });
  });
});
