import type { ServerResponse } from 'node:http';
import { DigitalOceanError } from '../digitalocean-error.js';
import { type AnsweringServer, type Asked, clientForSpec, hastyClock, openBudget, sayJson, startAnsweringServer } from '../testing/index.js';

const droplet = { id: 7, name: 'bot-1-g1', status: 'active', created_at: '2026-11-21T12:00:00Z', tags: ['fleet:a'] };

let server: AnsweringServer;
let answers: ((res: ServerResponse, asked: Asked) => void)[];

beforeEach(async () => {
  answers = [];
  server = await startAnsweringServer((asked, res) => (answers.length > 1 ? answers.shift() : answers[0])?.(res, asked));
});
afterEach(() => server.stop());

const client = (options: object = {}) => clientForSpec({ baseUrl: server.url, ...options });
const says = (status: number, body: object) => (res: ServerResponse) => sayJson(res, status, body);
const failing = says(500, { id: 'server_error', message: 'Unexpected server-side error' });
const gone = says(404, { id: 'not_found', message: 'The resource you were accessing could not be found.' });

describe('reading from DigitalOcean', () => {
  it.each<[string, (res: ServerResponse) => void]>([
    ['a 500', failing],
    ['HTML', (res) => void res.writeHead(504).end('<html>')],
    ['a broken connection', (res) => void res.destroy()],
    ['an answer that is not what the API describes', says(200, { droplet: { id: 'seven' } })],
    ['a 429', says(429, { id: 'too_many_requests', message: 'API Rate limit exceeded.' })],
  ])('asks again after %s', async (_what, bad) => {
    answers = [bad, bad, says(200, { droplet })];

    expect(await client().getDroplet(7)).toMatchObject({ id: 7, status: 'active' });
    expect(server.asked).toHaveLength(3);
  });

  it('asks again when no answer comes in time', async () => {
    answers = [() => undefined, says(200, { droplet })];

    expect(await client({ requestTimeoutMs: 2_000 }).getDroplet(7)).toMatchObject({ id: 7 });
  });

  it('takes from the budget for every request and tells it every answer', async () => {
    const budget = openBudget();
    answers = [failing, says(429, {}), says(200, { droplet })];

    await client({ budget }).getDroplet(7);

    expect(budget.taken).toEqual(['read', 'read', 'read']);
    expect(budget.statuses).toEqual([500, 429, 200]);
  });

  it('waits longer each time, but after a 429 only as long as the budget says', async () => {
    const clock = hastyClock();
    answers = [failing, failing, says(429, {}), failing, says(200, { droplet })];

    await client({ clock }).getDroplet(7);

    expect(clock.slept).toEqual([375, 750, 3_000]);
  });

  it('gives up after five times and says what the last answer was', async () => {
    answers = [failing];

    const error: unknown = await client().getDroplet(7).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(DigitalOceanError);
    expect(error).toMatchObject({ kind: 'unreachable', status: 500, id: 'server_error' });
    expect(server.asked).toHaveLength(5);
  });

  it('does not ask again when the API says no', async () => {
    answers = [says(403, { id: 'forbidden', message: 'You are not authorized', request_id: 'abc' })];

    await expect(client().account()).rejects.toMatchObject({ kind: 'refused', status: 403, id: 'forbidden', requestId: 'abc' });
    expect(server.asked).toHaveLength(1);
  });

  it('believes that a droplet is gone only when DigitalOcean itself says so', async () => {
    answers = [gone];
    expect(await client().getDroplet(7)).toBeNull();

    answers = [(res) => void res.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404</h1>')];
    await expect(client().getDroplet(7)).rejects.toMatchObject({ kind: 'unreachable', status: 404 });
    await expect(client().deleteDroplet(7)).rejects.toMatchObject({ kind: 'unreachable', status: 404 });
  });

  it('calls a status that it does not know unknown', async () => {
    answers = [says(200, { droplet: { ...droplet, status: 'hibernating' } })];

    expect(await client().getDroplet(7)).toMatchObject({ status: 'unknown' });
  });

  it('takes a read without which nothing can be deleted from what is kept for deletes', async () => {
    const budget = openBudget();
    answers = [says(200, { droplet })];
    await client({ budget }).getDroplet(7, { kind: 'delete' });
    answers = [says(200, { droplets: [droplet], meta: { total: 1 } })];
    await client({ budget }).listDroplets({ tag: 'fleet:a' }, { kind: 'delete' });

    expect(budget.taken).toEqual(['delete', 'delete']);
  });

  it('ends with its caller, also while it waits to ask again', async () => {
    const stopping = new AbortController();
    const clock = { ...hastyClock(), sleep: async () => stopping.abort(new Error('the caller has had enough')) };
    answers = [failing];

    const error: unknown = await client({ clock }).getDroplet(7, { signal: stopping.signal }).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(DigitalOceanError);
    expect(error).toMatchObject({ kind: 'aborted' });
  });

  it('fails as every call does when the budget itself cannot be asked', async () => {
    const budget = { ...openBudget(), take: () => Promise.reject(new Error('the database is away')) };

    const error: unknown = await client({ budget }).getDroplet(7).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(DigitalOceanError);
    expect(error).toMatchObject({ kind: 'unreachable', message: expect.stringContaining('the database is away') });
  });

  it('ends with its caller', async () => {
    const stopping = new AbortController();
    answers = [() => stopping.abort()];

    await expect(client().getDroplet(7, { signal: stopping.signal })).rejects.toMatchObject({ kind: 'aborted' });
  });
});

describe('changing things at DigitalOcean', () => {
  it('repeats a delete, and takes a droplet that is gone for a success', async () => {
    answers = [failing, gone];

    await client().deleteDroplet(7);

    expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['DELETE /v2/droplets/7', 'DELETE /v2/droplets/7']);
  });

  it('sends a delete only while it may go: not after it waited, nor after it connected', async () => {
    answers = [says(204, {})];
    await client().deleteDroplet(7, { mayGo: () => true });
    expect(server.asked).toHaveLength(1);

    for (const looks of [1, 2]) {
      let left = looks;
      const mayGo = (): boolean => (left -= 1) > 0;
      await expect(client().deleteDroplet(7, { mayGo })).rejects.toMatchObject({ kind: 'aborted' });
    }
    expect(server.asked).toHaveLength(1);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be made to delete anything but one droplet (%d)', async (id) => {
    await expect(client().deleteDroplet(id)).rejects.toThrow();
    expect(server.asked).toEqual([]);
  });

  it('asks only once for a droplet to be powered on', async () => {
    answers = [failing];

    await expect(client().powerOn(7)).rejects.toMatchObject({ status: 500 });
    expect(server.asked).toMatchObject([{ method: 'POST', url: '/v2/droplets/7/actions', body: { type: 'power_on' } }]);
  });

  it('takes a tag that is there already for a success, whatever DigitalOcean calls it', async () => {
    answers = [says(422, { id: 'unprocessable_entity', message: 'already exists' }), says(200, { tag: { name: 'fleet:a' } })];
    await client().createTag('fleet:a');

    answers = [says(422, { id: 'unprocessable_entity', message: 'no more tags' }), gone];
    await expect(client().createTag('fleet:a')).rejects.toMatchObject({ status: 422 });
  });
});
