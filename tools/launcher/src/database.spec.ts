import { unusable } from './database.js';

describe('a DATABASE_URL that does not work', () => {
  it('is named with the reason and what to do', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });

    expect(unusable(refused).message).toBe(
      'The database of DATABASE_URL cannot be used (connect ECONNREFUSED 127.0.0.1:1): check that it runs and takes this address, user and password.',
    );
  });

  it('is never an empty line, as for a name with several addresses', () => {
    const ofSeveral = Object.assign(new AggregateError([new Error('a'), new Error('b')]), { code: 'ECONNREFUSED' });

    expect(unusable(ofSeveral).message).toContain('(ECONNREFUSED)');
    expect(unusable('odd').message).toContain('(no reason given)');
  });
});
