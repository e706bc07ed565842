import { DomainError } from '@trawling/contracts';
import { sha256Of } from '@trawling/domain';
import request from 'supertest';
import { AGENT_FILE, AGENT_SHA256 } from '../testing/test-control-plane.js';
import { useTestWorld } from '../testing/test-world.js';
import { createFileCache } from './file-cache.js';

describe('GET /agent/{sha256}', () => {
  const world = useTestWorld();
  const hex = AGENT_SHA256.slice('sha256:'.length);

  it.each([AGENT_SHA256, hex])('serves the file under %s, for ever', async (name) => {
    const answer = await request(world().app).get(`/agent/${name}`).expect(200);

    expect(answer.text).toBe(AGENT_FILE.toString());
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'etag': `"${AGENT_SHA256}"`,
      'content-type': 'text/javascript; charset=utf-8',
      'content-length': String(AGENT_FILE.length),
    });
  });

  it('answers 304 to who has it', async () => {
    await request(world().app).get(`/agent/${hex}`).set('If-None-Match', `"${AGENT_SHA256}"`).expect(304);
  });

  it('answers HEAD without the file', async () => {
    const answer = await request(world().app).head(`/agent/${hex}`).expect(200);
    expect(answer.text ?? '').toBe('');
  });

  it.each([
    ['0'.repeat(64), 404, 'agent-build-not-found'],
    ['agent.js', 400, 'invalid-request'],
    [`md5:${hex}`, 400, 'invalid-request'],
  ])('answers %s with %i %s', async (name, status, code) => {
    const answer = await request(world().app).get(`/agent/${name}`).expect(status);
    expect(answer.body.code).toBe(code);
  });
});

describe('GET /openclaw/{sha256}', () => {
  const world = useTestWorld();

  it('serves the lock under its digest, byte for byte and for ever', async () => {
    const lock = Buffer.from('{ "lockfileVersion": 3 }\n');
    const sha256 = sha256Of(lock);
    await world().controlPlane.prisma.openclawLock.create({
      data: { sha256, openclawVersion: '2026.9.6', packages: {}, content: new Uint8Array(lock) },
    });

    const answer = await request(world().app).get(`/openclaw/${sha256}`).expect(200);

    expect(answer.text).toBe(lock.toString());
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'etag': `"${sha256}"`,
      'content-type': 'application/json; charset=utf-8',
    });
  });

  it.each([
    [AGENT_SHA256, 404, 'openclaw-lock-not-found'],
    ['package-lock.json', 400, 'invalid-request'],
  ])('answers %s with %i %s', async (name, status, code) => {
    const answer = await request(world().app).get(`/openclaw/${name}`).expect(status);
    expect(answer.body.code).toBe(code);
  });
});

describe('the cache of files', () => {
  const missing = (sha256: string): DomainError => new DomainError('agent-build-not-found', `There is no agent build ${sha256}.`);

  it('reads each file once, and again only what was not there', async () => {
    const asked: string[] = [];
    const read = createFileCache({
      missing,
      async find(sha256) {
        asked.push(sha256);
        return sha256 === 'none' ? null : Buffer.from(sha256);
      },
    });

    await Promise.all([read('a'), read('a'), read('b')]);
    await expect(read('none')).rejects.toThrow('no agent build');
    await expect(read('none')).rejects.toThrow('no agent build');

    expect(asked).toEqual(['a', 'b', 'none', 'none']);
  });

  it('keeps the files asked for last', async () => {
    const asked: string[] = [];
    const read = createFileCache({ missing, find: async (sha256) => (asked.push(sha256), Buffer.from(sha256)) });

    for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) await read(name);

    expect(asked).toEqual(['a', 'b', 'c', 'd', 'b']);
  });
});
