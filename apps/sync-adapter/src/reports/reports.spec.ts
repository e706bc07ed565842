import { metricsOf } from '@trawling/database/testing';
import { uuid7 } from '@trawling/runtime';
import { cronResult, event, metric, TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

const TOMORROW_AND_MORE = new Date(Date.now() + 26 * 3_600_000).toISOString();

describe('the reports of a bot', () => {
  const world = useTestWorld();
  const events = (bot: TestBot) => world().controlPlane.prisma.botEvent.findMany({ where: { botId: bot.id }, orderBy: { id: 'asc' } });
  const metrics = (bot: TestBot) => metricsOf(world().controlPlane.prisma, bot.id);

  describe('POST /bots/{id}/events', () => {
    it('stores events and counts one sent again as a duplicate', async () => {
      const bot = await TestBot.enrolled(world());
      const [one, two] = [event({ data: { exit_code: 78 }, severity: 'error' }), event()];

      const first = await bot.events([one, two]).expect(200);
      const second = await bot.events([two, one, event()]).expect(200);

      expect(first.body).toEqual({ accepted: 2, duplicates: 0, rejected: [] });
      expect(second.body).toEqual({ accepted: 1, duplicates: 2, rejected: [] });
      expect(await events(bot)).toMatchObject([{ severity: 'error', data: { exit_code: 78 } }, { severity: 'info', data: {} }, {}]);
    });

    it('counts one that comes twice in one request once', async () => {
      const bot = await TestBot.enrolled(world());
      const one = event();
      expect((await bot.events([one, one]).expect(200)).body).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    });

    it('keeps the same id of two bots apart', async () => {
      const [bot, other] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
      const one = event();

      await bot.events([one]);

      expect((await other.events([one]).expect(200)).body.accepted).toBe(1);
    });

    it('takes an empty list', async () => {
      const bot = await TestBot.enrolled(world());
      expect((await bot.events([]).expect(200)).body).toEqual({ accepted: 0, duplicates: 0, rejected: [] });
    });

    it.each([
      ['a NUL', event({ message: 'a\u0000b' }), 'message: must not contain a NUL character'],
      ['a NUL in a name', event({ data: { 'a\u0000': 1 } }), 'data.a\u0000: must not contain a NUL character'],
      ['half a surrogate pair', event({ data: { deep: ['\ud800'] } }), 'data.deep.0: must not contain half of a surrogate pair'],
      ['a time before there were bots', event({ timestamp: '1970-01-01T00:00:00.000Z' }), 'timestamp: is long before there were bots'],
      ['a time far in the future', event({ timestamp: TOMORROW_AND_MORE }), 'timestamp: is more than a day in the future'],
      ['a year of five digits', event({ timestamp: '+012026-01-01T00:00:00.000Z' }), expect.stringContaining('timestamp')],
      ['too much data', event({ data: { text: 'x'.repeat(40_000) } }), expect.stringContaining('data: ')],
      ['too long a message', event({ message: 'x'.repeat(5_000) }), expect.stringContaining('message: ')],
      ['an id that is none', event({ id: 'one' }), expect.stringContaining('id: ')],
      ['a field we do not know', event({ colour: 'red' }), expect.stringContaining('colour')],
      ['absurd nesting', event({ data: JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`) }), expect.stringContaining('nested deeper')],
      ['a run that did not come by the webhook', event({ type: 'cron_result' }), "type: cron_result is not a bot's to report"],
      ['what only a server notices', event({ type: 'duplicate-identity' }), expect.stringContaining('type: ')],
      ['what only the provisioner knows', event({ type: 'machine.online' }), expect.stringContaining('type: ')],
      ['something that is no object', 7, expect.any(String)],
      ['null', null, expect.any(String)],
    ])('rejects %s by its index and keeps the others', async (_case, bad, reason) => {
      const bot = await TestBot.enrolled(world());

      const answer = await bot.events([event(), bad, event()]).expect(200);

      expect(answer.body).toEqual({ accepted: 2, duplicates: 0, rejected: [{ index: 1, reason }] });
      expect(await events(bot)).toHaveLength(2);
    });

    it.each(['__proto__', 'constructor', 'prototype'])('rejects data with the name %s, wherever it stands, instead of dropping a part of it', async (name) => {
      const bot = await TestBot.enrolled(world());
      const bad = (data: string) => `${JSON.stringify(event()).slice(0, -1)},"data":${data}}`;

      const answer = await bot.events(`[${bad(`{"${name}":1}`)},${JSON.stringify(event())},${bad(`{"deep":[{"${name}":{}}]}`)}]`).expect(200);

      expect(answer.body).toEqual({
        accepted: 1,
        duplicates: 0,
        rejected: [
          { index: 0, reason: `data.${name}: this name is reserved` },
          { index: 2, reason: `data.deep.0.${name}: this name is reserved` },
        ],
      });
    });

    it('does not choke on names that JavaScript objects have anyway', async () => {
      const bot = await TestBot.enrolled(world());
      const answer = await bot.events(`[${JSON.stringify(event()).slice(0, -1)},"data":{"hasOwnProperty":1,"toString":2}}]`).expect(200);
      expect(answer.body.accepted).toBe(1);
    });

    it.each([
      ['an object', {}],
      ['a text', '"events"'],
    ])('refuses %s as a whole', async (_case, body) => {
      const bot = await TestBot.enrolled(world());
      expect((await bot.events(body).expect(400)).body.code).toBe('invalid-request');
    });

    it('asks for fewer at once when there are too many', async () => {
      const bot = await TestBot.enrolled(world());
      expect((await bot.events(Array.from({ length: 1_001 }, () => 1)).expect(413)).body.code).toBe('payload-too-large');
      expect((await bot.events(Array.from({ length: 1_000 }, () => 1)).expect(200)).body.rejected).toHaveLength(1_000);
    });
  });

  describe('POST /bots/{id}/metrics', () => {
    it('stores points once, by name, time and labels', async () => {
      const bot = await TestBot.enrolled(world());
      const timestamp = new Date().toISOString();
      const batch = [
        metric({ timestamp, value: 1 }),
        metric({ timestamp, value: 2, labels: { venue: 'a', asset: 'BTC' } }),
        metric({ timestamp, value: 3, labels: { asset: 'BTC', venue: 'a' } }),
        metric({ timestamp, value: 4, name: 'drawdown.percent' }),
      ];

      const first = await bot.metrics(batch).expect(200);
      const second = await bot.metrics(batch).expect(200);

      expect(first.body).toEqual({ accepted: 3, duplicates: 1, rejected: [] });
      expect(second.body).toEqual({ accepted: 0, duplicates: 4, rejected: [] });
      expect((await metrics(bot)).map((row) => row.labels)).toEqual([{}, { venue: 'a', asset: 'BTC' }, {}]);
    });

    it.each([
      ['a number that is none', '"NaN"'],
      ['a number beyond all numbers', '1e999'],
      ['nothing', 'null'],
    ])('rejects %s', async (_case, value) => {
      const bot = await TestBot.enrolled(world());
      const text = `[${JSON.stringify(metric({ value: 0 })).replace('"value":0', `"value":${value}`)},${JSON.stringify(metric())}]`;

      const answer = await bot.metrics(text).expect(200);

      expect(answer.body.accepted).toBe(1);
      expect(answer.body.rejected).toEqual([{ index: 0, reason: expect.stringContaining('value') }]);
    });

    it.each([[5e-324], [-1.7976931348623157e308], [-0]])('keeps the extreme value %p', async (value) => {
      const bot = await TestBot.enrolled(world());
      await bot.metrics([metric({ value })]).expect(200);
      expect((await metrics(bot))[0]?.value).toBeCloseTo(value);
    });

    it.each(['__proto__', 'constructor', 'prototype'])('rejects a point with the label %s and keeps the others', async (name) => {
      const bot = await TestBot.enrolled(world());
      const bad = JSON.stringify(metric({ labels: { other: 'x' } })).replace('"other"', `"${name}"`);

      const answer = await bot.metrics(`[${bad},${JSON.stringify(metric())}]`).expect(200);

      expect(answer.body).toEqual({ accepted: 1, duplicates: 0, rejected: [{ index: 0, reason: `labels.${name}: this name is reserved` }] });
      expect(await metrics(bot)).toHaveLength(1);
    });

    it('rejects a point with too many labels or an absurd time', async () => {
      const bot = await TestBot.enrolled(world());
      const labels = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`l${i}`, 'x']));

      const answer = await bot.metrics([metric({ labels }), metric({ timestamp: '0000-01-01T00:00:00Z' })]).expect(200);

      expect(answer.body.rejected.map((item: { index: number }) => item.index)).toEqual([0, 1]);
    });
  });

  describe('POST /bots/{id}/webhook', () => {
    it('keeps a finished run as an event of type cron_result that carries OpenClaw’s own run id and declaration key', async () => {
      const bot = await TestBot.enrolled(world());
      const run = cronResult({ run_id: 'oc-run-7', declaration_key: 'fleet:risk-check', name: 'risk-check' });

      const answer = await bot.webhook([run]).expect(200);

      expect(answer.body).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
      expect(await events(bot)).toMatchObject([
        {
          id: run.id,
          type: 'cron_result',
          severity: 'info',
          message: 'risk-check (fleet:risk-check): ok',
          timestamp: new Date(run.run_at),
          data: {
            run_id: 'oc-run-7', declaration_key: 'fleet:risk-check', status: 'ok', duration_ms: 12,
            summary: 'prices fetched', source: 'webhook', config_version: '1',
          },
        },
      ]);
    });

    it('counts a run that came by webhook and again by catch-up once', async () => {
      const bot = await TestBot.enrolled(world());
      const id = uuid7();

      await bot.webhook([cronResult({ id, source: 'webhook' })]).expect(200);
      const again = await bot.webhook([cronResult({ id, source: 'catch_up' })]).expect(200);

      expect(again.body).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
    });

    it('marks a failed run as an error and rejects what is no run', async () => {
      const bot = await TestBot.enrolled(world());

      const answer = await bot.webhook([cronResult({ status: 'error', error: 'exit 1' }), { id: uuid7() }]).expect(200);

      expect(answer.body).toMatchObject({ accepted: 1, rejected: [{ index: 1 }] });
      expect(await events(bot)).toMatchObject([{ severity: 'error', data: { error: 'exit 1' } }]);
    });
  });
});
