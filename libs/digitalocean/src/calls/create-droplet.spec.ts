import type { ServerResponse } from 'node:http';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { anOrder, type AnsweringServer, clientForSpec, hastyClock, openBudget, sayJson, startAnsweringServer } from '../testing/index.js';

const droplet = { id: 7, name: anOrder.name, status: 'new', created_at: '2026-11-21T12:00:00Z', tags: [], memory: 2048, a_new_member: true };

let server: AnsweringServer;
let answer: (res: ServerResponse) => void;

beforeEach(async () => {
  server = await startAnsweringServer((_asked, res) => answer(res));
});
afterEach(() => server.stop());

const create = (input: { order?: object; options?: Parameters<ReturnType<typeof clientForSpec>['createDroplet']>[1]; client?: object } = {}) =>
  clientForSpec({ baseUrl: server.url, ...input.client }).createDroplet({ ...anOrder, ...input.order }, input.options);

describe('creating a droplet', () => {
  it('is accepted with the droplet and the action to watch', async () => {
    answer = (res) => sayJson(res, 202, { droplet, links: { actions: [{ id: 99, rel: 'create', href: 'x' }] } });

    const outcome = await create();

    expect(outcome).toMatchObject({ outcome: 'accepted', droplet: { id: 7, status: 'new' }, actionId: 99 });
    expect(server.asked).toMatchObject([{ method: 'POST', url: '/v2/droplets', token: 'Bearer dop_v1_secret', body: anOrder }]);
  });

  it.each<[string, (res: ServerResponse) => void]>([
    ['the connection breaks', (res) => void res.destroy()],
    ['the answer breaks off', (res) => void res.writeHead(202, { 'content-length': '500' }).write('{"droplet":', () => res.destroy())],
    ['the answer is accepted, but not what the API describes', (res) => sayJson(res, 202, { droplets: [] })],
    ['the server fails', (res) => sayJson(res, 500, { id: 'server_error', message: 'Unexpected server-side error' })],
    ['the load balancer times out with HTML', (res) => void res.writeHead(504, { 'content-type': 'text/html' }).end('<html>')],
    ['the request timed out', (res) => sayJson(res, 408, { id: 'request_timeout', message: 'too slow' })],
    ['somebody in between refuses', (res) => void res.writeHead(403, { 'content-type': 'text/html' }).end('<html>')],
    ['it is sent somewhere else', (res) => void res.writeHead(307, { location: `${server.url}/elsewhere` }).end()],
  ])('is unknown when %s, and is sent only once', async (_what, says) => {
    answer = says;

    expect(await create()).toMatchObject({ outcome: 'unknown' });
    expect(server.asked).toHaveLength(1);
  });

  it('is unknown when no answer comes in time', async () => {
    answer = () => undefined;

    const outcome = await create({ client: { requestTimeoutMs: 50 } });

    expect(outcome).toEqual({ outcome: 'unknown', reason: 'no answer within 50 ms' });
  });

  it.each([
    [400, 'bad_request', 'The request body is not what was expected', false],
    [401, 'unauthorized', 'Unable to authenticate you', true],
    [403, 'forbidden', 'You are not authorized to perform this operation', true],
    [404, 'not_found', 'The resource you were accessing could not be found.', true],
    [422, 'unprocessable_entity', 'creating this/these droplet(s) will exceed your droplet limit', true],
    [422, 'unprocessable_entity', 'Size is not available in this region.', true],
    [422, 'unprocessable_entity', 'We could not process your request, please try again.', true],
    [429, 'too_many_requests', 'API Rate limit exceeded.', true],
  ])('is rejected by a %d %s "%s", worth another try: %s', async (status, id, message, retryable) => {
    answer = (res) => sayJson(res, status, { id, message });

    expect(await create()).toEqual({ outcome: 'rejected', status, id, message, retryable });
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['a misspelt member', { userdata: '#cloud-config' }],
    ['user data that is not ASCII', { user_data: '#cloud-config\n# 🐼' }],
    ['user data above 64 KiB', { user_data: 'x'.repeat(65_537) }],
    ['a name with an underscore', { name: 'bot_1' }],
    ['a tag with a space', { tags: ['fleet: mine'] }],
    ['no tag at all', { tags: [] }],
  ])('refuses %s before anything is sent', async (_what, order) => {
    expect(await create({ order })).toMatchObject({ outcome: 'rejected', status: null, id: 'invalid_order', retryable: false });
    expect(server.asked).toEqual([]);
  });

  it('is rejected, worth another try, when nobody listens: nothing was sent', async () => {
    await server.stop();

    expect(await create()).toMatchObject({ outcome: 'rejected', status: null, id: 'not_sent', retryable: true });
  });

  it('is not sent when the budget does not come in time', async () => {
    const budget = { ...openBudget(), take: (_kind: string, signal?: AbortSignal) => new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('no room')))) };

    const outcome = await create({ client: { budget }, options: { sendWithinMs: 20 } });

    expect(outcome).toMatchObject({ outcome: 'rejected', status: null, id: 'no_budget', retryable: true });
    expect(server.asked).toEqual([]);
  });

  it('is not sent by a process that was stopped while it waited', async () => {
    const clock = createFakeClock();
    const budget = { ...openBudget(), take: () => clock.advance(60_000) };

    expect(await create({ client: { clock, budget } })).toMatchObject({ outcome: 'rejected', id: 'too_late', retryable: true });
    expect(server.asked).toEqual([]);
  });

  it('is not sent by a host that slept while it waited, whose monotonic clock stood still', async () => {
    let wallMs = 0;
    const clock = { ...hastyClock(), monotonicMs: () => 0, now: () => new Date(wallMs) };
    const budget = { ...openBudget(), take: async () => void (wallMs = 3_600_000) };

    expect(await create({ client: { clock, budget } })).toMatchObject({ outcome: 'rejected', id: 'too_late', retryable: true });
    expect(server.asked).toEqual([]);
  });

  it('is not sent by a process that was stopped while it connected', async () => {
    let asked = 0;
    // The second look at the clock is for the check before the connection, the third for the one after it.
    const clock = { ...hastyClock(), monotonicMs: () => ((asked += 1) >= 3 ? 60_000 : 0) };

    expect(await create({ client: { clock } })).toMatchObject({ outcome: 'rejected', id: 'not_sent', retryable: true });
    expect(server.asked).toEqual([]);
  });

  it('learns of the rate limit, and an outcome stays what it is when that cannot be noted', async () => {
    answer = (res) => sayJson(res, 202, { droplet });
    const budget = { ...openBudget(), observe: () => Promise.reject(new Error('no database')) };

    expect(await create({ client: { budget } })).toMatchObject({ outcome: 'accepted', actionId: null });
  });

  it('says neither token nor user data in outcomes and logs', async () => {
    const log = createMemoryLogger();
    answer = (res) => void res.destroy();

    const outcome = await create({ client: { logger: log.logger }, order: { user_data: 'the one-time token' } });

    expect(JSON.stringify(outcome) + log.text()).not.toMatch(/dop_v1_secret|one-time/);
  });
});
