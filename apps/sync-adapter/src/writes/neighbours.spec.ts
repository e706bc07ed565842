import { metricsOf } from '@trawling/database/testing';
import type { Response } from 'supertest';
import { event, metric, TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

const status = { applied_version: '1', last_seen_version: '1' };

/** JSON with a number put in as it is written: JSON.stringify knows no NaN. */
const withNumber = (body: object, number: string): string => JSON.stringify(body).replace('"@"', number);

describe('one bot that sends what cannot be stored while fifty others write', () => {
  const world = useTestWorld();
  let bad: TestBot;
  let others: TestBot[];
  beforeAll(async () => {
    bad = await TestBot.enrolled(world());
    others = await Promise.all(Array.from({ length: 50 }, () => TestBot.enrolled(world())));
  }, 60_000);

  /** Sends everything at the same moment; the bad one in the middle. */
  async function together(badly: () => PromiseLike<Response>, well: (bot: TestBot) => PromiseLike<Response>): Promise<Response> {
    const answers = others.slice(0, 25).map(well);
    const answer = badly();
    answers.push(...others.slice(25).map(well));
    for (const other of await Promise.all(answers)) expect(other.status).toBe(200);
    return answer;
  }

  it.each([
    ['a NUL byte', () => [metric({ labels: { venue: 'a\u0000b' } })]],
    ['half a surrogate pair', () => [metric({ labels: { venue: '\ud800' } })]],
    ['a number beyond all numbers', () => withNumber([metric({ value: '@' })], '1e999')],
    ['an absurd time', () => [metric({ timestamp: '9999-12-31T23:59:59.999Z' })]],
    ['the year 0', () => [metric({ timestamp: '0000-01-01T00:00:00.000Z' })]],
  ])('has a metric with %s rejected by its place, and theirs are stored', async (_case, points) => {
    const answer = await together(() => bad.metrics(points()), (bot) => bot.metrics([metric()]));

    expect(answer.body).toMatchObject({ accepted: 0, rejected: [{ index: 0 }] });
    expect(await metricsOf(world().controlPlane.prisma, bad.id)).toEqual([]);
  });

  it('is told by 400 that NaN is no JSON', async () => {
    const answer = await together(() => bad.metrics(withNumber([metric({ value: '@' })], 'NaN')), (bot) => bot.metrics([metric()]));
    expect(answer.body.code).toBe('malformed-json');
  });

  it.each([
    ['a NUL byte', { message: 'a\u0000b' }],
    ['half a surrogate pair', { data: { text: '\udfff' } }],
    ['an absurd time', { timestamp: '1970-01-01T00:00:00.000Z' }],
  ])('has an event with %s rejected by its place, and theirs are stored', async (_case, change) => {
    const answer = await together(() => bad.events([event(), event(change)]), (bot) => bot.events([event()]));
    expect(answer.body).toMatchObject({ accepted: 1, rejected: [{ index: 1 }] });
  });

  it.each([
    ['a NUL byte', { agent_version: 'a\u0000b' }],
    ['half a surrogate pair', { health: { status: 'healthy' as const, details: { note: '\ud800' } } }],
    ['the year 0', { sent_at: '0000-01-01T00:00:00.000Z' }],
  ])('is refused a heartbeat with %s, and theirs renew their leases', async (_case, change) => {
    const answer = await together(() => bad.heartbeat({ ...status, ...change }), (bot) => bot.heartbeat(status));

    expect(answer.status).toBe(400);
    expect(await bad.reported()).toBeNull();
  });
});
