import { isDatabaseAway } from './is-database-away.js';

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code });

describe('a database that is away', () => {
  it.each([
    ['refused connections', coded('ECONNREFUSED')],
    ['a server that shuts down', coded('57P01')],
    ['a statement that waited too long for a lock', coded('57014')],
    ['too many connections', coded('53300')],
    ['Prisma that cannot reach it', coded('P1001')],
    ['a pool without a free connection', new Error('timeout exceeded when trying to connect')],
    ['one of these as the cause', new Error('query failed', { cause: coded('08006') })],
  ])('is recognised by %s', (_what, error) => {
    expect(isDatabaseAway(error)).toBe(true);
  });

  it.each([
    ['a duplicate key', coded('23505')],
    ['a refused right', coded('42501')],
    ['a failed constraint in Prisma', coded('P2002')],
    ['anything else', new Error('x')],
    ['what is no error', 'ECONNREFUSED'],
  ])('is not confused with %s', (_what, error) => {
    expect(isDatabaseAway(error)).toBe(false);
  });
});
