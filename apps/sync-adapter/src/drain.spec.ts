import { until } from '@trawling/runtime/testing';
import { Agent, request as httpRequest } from 'node:http';
import request from 'supertest';
import { compose } from './compose.js';
import { Env } from './env.js';
import { TestBot } from './testing/test-bot.js';
import { TestStream } from './testing/test-stream.js';
import { registrationFile, useTestWorld } from './testing/test-world.js';

describe('a sync-adapter that drains', () => {
  const world = useTestWorld();
  const start = () =>
    compose(Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: world().database.roleUrl('trawling_sync_adapter') }), {
      logger: world().log.logger,
      version: '1',
      registrationFile,
    });
  const at = (bot: TestBot, url: string): TestBot => bot.at({ ...world(), url });

  it('closes streams with 1012, answers long polls with what is there, and closes idle connections', async () => {
    const { value, stop } = await start();
    const bots = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const streams = await Promise.all(bots.map((bot) => TestStream.of(at(bot, value.url))));
    const [bot] = bots;
    if (!bot) throw new Error('there is a bot');
    const { hash } = (await bot.config()).body;
    const headers = { 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` };
    const idle = new Agent({ keepAlive: true });
    const idleClosed = new Promise((resolve) => {
      httpRequest(`${value.url}/bots/${bot.id}/config`, { agent: idle, headers }, (answer) => answer.resume())
        .on('socket', (socket) => socket.once('close', resolve))
        .end();
    });
    const polling = request(value.url).get(`/bots/${bot.id}/config?wait=60`).set(headers).then((answer) => answer.status);
    await until(async () => (await request(value.internalUrl).get('/readyz')).status === 200);
    await request(value.url).get(`/bots/${bot.id}/config`).set(headers).expect(304);

    await stop();

    expect(streams.map(({ closed }) => closed?.code)).toEqual([1012, 1012]);
    expect(await polling).toBe(304);
    await idleClosed;
    idle.destroy();
  });

  it('lets go of a bot that does not answer its goodbye', async () => {
    const { value, stop } = await start();
    const stream = await TestStream.of(at(await TestBot.enrolled(world()), value.url));
    stream.socket.pause();

    await stop();

    stream.socket.resume();
    await stream.untilClosed();
  });

  it('refuses new streams with 503 and says that it is not ready, while what is open is being closed', async () => {
    const { value, stop } = await start();
    const bot = at(await TestBot.enrolled(world()), value.url);
    const mute = await TestStream.of(bot);
    mute.socket.pause();

    const stopped = stop();
    const answer = await TestStream.refused(bot);
    const ready = await request(value.internalUrl).get('/readyz');
    mute.socket.resume();
    await stopped;

    expect(answer).toMatchObject({ status: 503, code: 'unavailable' });
    expect(ready.body).toMatchObject({ status: 503, checks: { accepting: { ok: false } } });
    await mute.untilClosed();
  });
});
