import { openDatabase, type Database } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { assertQueueBackend, chooseQueueBackend } from './queue-backend.js';

describe('the queue backend', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url });
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.close();
  });

  it.each([
    { redisUrl: 'redis://127.0.0.1:6379', backend: 'redis' },
    { redisUrl: undefined, backend: 'postgres' },
    { redisUrl: '', backend: 'postgres' },
  ])('is $backend when REDIS_URL is $redisUrl', ({ redisUrl, backend }) => {
    expect(chooseQueueBackend({ redisUrl })).toBe(backend);
  });

  it('is free to choose before the installation is set up', async () => {
    await expect(assertQueueBackend(database, 'redis')).resolves.toBeUndefined();
  });

  it('is, once chosen, the same for every process: another choice is refused with what to do', async () => {
    const jwk = { kty: 'OKP' };
    const id = '0198c2a0-0000-7000-8000-000000000001';
    await database.prisma.installation.create({ data: { id, queueBackend: 'postgres', rootPublicJwk: jwk, tokenSealingJwk: jwk, keySet: '' } });

    await expect(assertQueueBackend(database, 'postgres')).resolves.toBeUndefined();
    await expect(assertQueueBackend(database, 'redis')).rejects.toThrow(
      'this installation keeps its queue in postgres, but this process was told redis: unset REDIS_URL',
    );
  });
});
