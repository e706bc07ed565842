import request from 'supertest';
import { AGENT_FILE, AGENT_SHA256 } from '../testing/test-control-plane.js';
import { useTestWorld } from '../testing/test-world.js';
import { createAgentFileCache } from './agent-file-cache.js';

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

describe('the cache of agent files', () => {
  it('reads each file once, and again only what was not there', async () => {
    const asked: string[] = [];
    const read = createAgentFileCache({
      async findAgentFile(sha256) {
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
    const read = createAgentFileCache({ findAgentFile: async (sha256) => (asked.push(sha256), Buffer.from(sha256)) });

    for (const name of ['a', 'b', 'c', 'a', 'd', 'a', 'b']) await read(name);

    expect(asked).toEqual(['a', 'b', 'c', 'd', 'b']);
  });
});
