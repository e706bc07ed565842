import { limits } from './limits.js';
import { event, metric, TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

describe('the limits of the bots’ protocol', () => {
  const world = useTestWorld();

  it.each([
    ['heartbeat', (bot: TestBot) => bot.heartbeat({ applied_version: '1' })],
    ['metrics', (bot: TestBot) => bot.metrics([metric()])],
    ['events', (bot: TestBot) => bot.events([event()])],
    ['config', (bot: TestBot) => bot.config()],
  ] as const)('of %s slow down one bot with 429 and the seconds to wait, and no other', async (name, call) => {
    const [bot, other] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];

    let refused = await call(bot);
    for (let calls = 1; refused.status === 200 && calls < 2 * limits[name].calls; calls++) refused = await call(bot);

    expect(refused.status).toBe(429);
    expect(refused.body.code).toBe('rate-limited');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await call(other)).status).toBe(200);
  });

  it.each(['config_ack', 'heartbeat', 'metrics', 'events', 'webhook'] as const)('refuse a body of %s that is too large with 413', async (name) => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.call('post', name, JSON.stringify('x'.repeat(limits[name].bodyBytes)));
    expect(answer.status).toBe(413);
    expect(answer.body.code).toBe('payload-too-large');
  });

  it.each(['metrics', 'events', 'webhook'] as const)('refuse a batch of %s with too many items with 413', async (name) => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.call('post', name, Array.from({ length: limits[name].items + 1 }, () => 1));
    expect(answer.status).toBe(413);
  });
});
