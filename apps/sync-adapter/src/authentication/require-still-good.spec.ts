import { uuid7 } from '@trawling/runtime';
import { request } from 'node:http';
import { event, metric, TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

const world = useTestWorld();

/** Sends the head and half of the body; `finish` sends the rest and gives what was answered. */
async function beginWrite(bot: TestBot, name: string, body: unknown) {
  const text = JSON.stringify(body);
  const headers = { 'Authorization': `Bearer ${bot.credential}`, 'Content-Type': 'application/json', 'Content-Length': text.length, 'Expect': '100-continue' };
  const sending = request(`${world().url}/bots/${bot.id}/${name}`, { method: 'POST', headers });
  const answered = new Promise<{ status: number | undefined; code: unknown }>((resolve, reject) => {
    sending.on('error', reject);
    sending.on('response', (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status: answer.statusCode, code: JSON.parse(String(Buffer.concat(parts))).code }));
    });
  });
  // The server says so when it has the head, and settles at once who asks.
  const heard = new Promise((resolve) => sending.once('continue', resolve));
  sending.write(text.slice(0, text.length / 2));
  await heard;
  return {
    finish: () => {
      sending.end(text.slice(text.length / 2));
      return answered;
    },
  };
}

const status = { boot_id: uuid7(), sequence: 1 };

describe.each([
  ['heartbeat', status],
  ['metrics', [metric()]],
  ['events', [event()]],
  ['config_ack', {}],
])('a body of %s that comes slowly', (name, body) => {
  it.each([
    ['was revoked', 401, 'unauthenticated', (bot: TestBot) => world().controlPlane.revoke(bot.credentialId, 'security')],
    ['was decommissioned', 410, 'bot-decommissioned', (bot: TestBot) => world().controlPlane.decommission(bot.id)],
  ])('is not taken from a bot that %s meanwhile', async (_case, refusal, code, fence) => {
    const bot = await TestBot.enrolled(world());
    await bot.config().expect(200);
    const write = await beginWrite(bot, name, body);

    await fence(bot);

    expect(await write.finish()).toEqual({ status: refusal, code });
    expect(await world().controlPlane.prisma.botReported.count({ where: { botId: bot.id } })).toBe(0);
    expect(await world().controlPlane.prisma.botEvent.count({ where: { botId: bot.id, source: 'bot' } })).toBe(0);
  });
});

it('is taken from a bot that is still welcome', async () => {
  const bot = await TestBot.enrolled(world());
  const write = await beginWrite(bot, 'events', [event()]);
  expect((await write.finish()).status).toBe(200);
});
