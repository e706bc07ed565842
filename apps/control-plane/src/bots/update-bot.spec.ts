import { BotConfigPayload, VersionList } from '@trawling/contracts';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api);
});

const patch = (body: object, headers: Record<string, string> = {}) => api.patch(`/bots/${botId}`).set(headers).send(body);

describe('changing a bot', () => {
  it('makes the next version with the settings merged', async () => {
    const changed = await patch({ strictness: 'high', risk_caps: { max_trades_per_day: 3 } });

    expect(changed.status).toBe(202);
    expect(changed.body).toMatchObject({ desired_version: 2, changed: true });
    expect(changed.headers['etag']).toBe('"v2"');
    const after = await view(api, botId);
    expect(after).toMatchObject({ desired_version: 2, desired_hash: changed.body.hash });
    expect(after.settings).toMatchObject({ strictness: 'high', risk_caps: { max_trades_per_day: 3, max_daily_loss_usd: 50 } });
  });

  it('takes merge-patch+json, and null puts a setting back to its default', async () => {
    await patch({ timezone: 'Europe/Berlin' });

    const changed = await api.patch(`/bots/${botId}`).type('application/merge-patch+json').send(JSON.stringify({ timezone: null }));

    expect(changed.body).toMatchObject({ desired_version: 3 });
    expect((await view(api, botId)).settings.timezone).toBe('UTC');
  });

  it('makes no version of an empty change', async () => {
    const same = await patch({ strictness: 'medium' });

    expect(same.body).toMatchObject({ desired_version: 1, changed: false });
    expect((await view(api, botId)).desired_version).toBe(1);
  });

  it('changes labels without a new version', async () => {
    await patch({ labels: { tier: 'gold', team: 'a' } });

    const changed = await patch({ labels: { team: null } });

    expect(changed.body).toMatchObject({ desired_version: 1, changed: true });
    expect((await view(api, botId)).labels).toEqual({ tier: 'gold' });
  });

  it('loses none of two changes at once', async () => {
    const [one, two] = await Promise.all([patch({ strictness: 'high' }), patch({ persona: 'tweaker' })]);

    expect([one?.body.desired_version, two?.body.desired_version].sort()).toEqual([2, 3]);
    expect(await view(api, botId)).toMatchObject({ desired_version: 3, settings: { strictness: 'high', persona: 'tweaker' } });
  });

  it('lets one of two changes with the same If-Match win', async () => {
    const headers = { 'If-Match': '"v1"' };

    const answers = await Promise.all([patch({ strictness: 'high' }, headers), patch({ strictness: 'low' }, headers)]);

    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 412]);
    expect((await view(api, botId)).desired_version).toBe(2);
  });

  it.each([
    ['the entity tag of now', { 'If-Match': '"v1"' }, {}, 202, undefined],
    ['one of several tags', { 'If-Match': '"v7", "v1"' }, {}, 202, undefined],
    ['any', { 'If-Match': '*' }, {}, 202, undefined],
    ['another entity tag', { 'If-Match': '"v2"' }, {}, 412, 'precondition-failed'],
    ['a weak tag', { 'If-Match': 'W/"v1"' }, {}, 412, 'precondition-failed'],
    ['the expected version', {}, { expected_version: 1 }, 202, undefined],
    ['another expected version', {}, { expected_version: 4 }, 409, 'version-conflict'],
  ])('holds the caller to what it has seen: %s', async (_what, headers: Record<string, string>, body, status, code) => {
    const answer = await patch({ strictness: 'low', ...body }, headers);

    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect((await view(api, botId)).desired_version).toBe(status === 202 ? 2 : 1);
    if (code) expect(answer.body.desired_version).toBe(1);
  });

  it('turns live trading on only when that is confirmed', async () => {
    const refused = await patch({ trading_mode: 'live' });
    const confirmed = await patch({ trading_mode: 'live', confirm_live: true });
    const later = await patch({ strictness: 'low' });

    expect(refused.body).toMatchObject({ status: 422, code: 'live-needs-confirmation' });
    expect(confirmed.body).toMatchObject({ desired_version: 2 });
    expect(later.body).toMatchObject({ desired_version: 3 });
  });

  it('accepts an unknown child of an allowed OpenClaw path with a warning', async () => {
    const changed = await patch({ openclaw: { agents: { defaults: { bogusSetting: 1 } } } });

    expect(changed.body).toMatchObject({ changed: true, desired_version: 2 });
    expect(changed.body.warnings.map((warning: { path: string }) => warning.path).join()).toContain('agents.defaults.bogusSetting');
  });

  it('accepts schedules that are hardly meant, with a warning each', async () => {
    const changed = await patch({ schedule: { 'risk-check': '0 0 1 1 *', 'run-algorithm': '* * * * * *' } });

    expect(changed.body).toMatchObject({ changed: true, warnings: [{ path: 'schedule.run-algorithm' }, { path: 'schedule.risk-check' }] });
  });

  it('takes extras away again, one by one or all', async () => {
    await patch({ openclaw: { agents: { defaults: { bogusSetting: 1 } } } });

    const less = await patch({ openclaw: { agents: null } });

    expect(less.body).toMatchObject({ desired_version: 3, warnings: [] });
    expect((await patch({ openclaw: null })).body).toMatchObject({ desired_version: 3, changed: false });
  });

  it.each([
    ['an unknown setting', { speed: 1 }, 400, 'invalid-request', '"path":"speed"'],
    ['null for an unknown setting', { speed: null }, 400, 'invalid-request', '"path":"speed"'],
    ['a wrong type', { risk_caps: { max_daily_loss_usd: 'much' } }, 400, 'invalid-request', 'risk_caps.max_daily_loss_usd'],
    ['a label that is not one', { labels: { 'A B': 'x' } }, 400, 'invalid-request', 'labels'],
    ['prototype keys', JSON.parse('{"risk_caps":{"__proto__":{"x":1}}}'), 400, 'invalid-request', '__proto__'],
    ['an array', [], 400, 'invalid-request', ''],
    ['a path of the machine', { openclaw: { gateway: { auth: { token: 'x' } } } }, 422, 'openclaw-path-not-allowed', 'openclaw.gateway'],
    ['plugin paths', { openclaw: { plugins: { load: { paths: ['/tmp'] } } } }, 422, 'openclaw-path-not-allowed', 'openclaw.plugins'],
  ])('refuses and changes nothing: %s', async (_what, body, status, code, path) => {
    const refused = await patch(body);

    expect({ status: refused.status, code: refused.body.code }).toEqual({ status, code });
    expect(JSON.stringify(refused.body.issues)).toContain(path);
    expect((await view(api, botId)).desired_version).toBe(1);
  });

  it('writes who changed what from what to what', async () => {
    await patch({ strictness: 'high' });

    const rows = await controlPlane().owner.prisma.auditEntry.findMany({ where: { botId }, orderBy: { id: 'asc' } });
    expect(rows.map((row) => row.action)).toEqual(['create-bot', 'update-bot']);
    expect(rows[1]).toMatchObject({
      actor: expect.stringMatching(/^api-key:/),
      requestId: expect.any(String),
      before: { version: 1, settings: { strictness: 'medium' } },
      after: { version: 2, settings: { strictness: 'high' } },
    });
  });

  it('names the newest agent build from the next version on', async () => {
    const { sha256 } = await controlPlane().publishAgent();

    await patch({ strictness: 'high' });

    const row = await controlPlane().owner.prisma.configVersion.findFirstOrThrow({ where: { botId, version: 2 } });
    expect(BotConfigPayload.parse(JSON.parse(row.payload)).runtime).toEqual({ openclaw_version: '2026.9.6', agent_sha256: sha256 });
  });

  it('keeps every version to be read, newest first, a page at a time', async () => {
    await patch({ strictness: 'high' });
    await patch({ strictness: 'low' });

    const first = VersionList.parse((await api.get(`/bots/${botId}/versions?limit=2`)).body);
    const second = VersionList.parse((await api.get(`/bots/${botId}/versions?limit=2&cursor=${first.next_cursor}`)).body);

    expect(first.versions.map(({ version, reason }) => [version, reason])).toEqual([[3, 'update'], [2, 'update']]);
    expect(second).toMatchObject({ versions: [{ version: 1, reason: 'create' }], next_cursor: null });
    const one = await api.get(`/bots/${botId}/versions/2`);
    expect(one.body).toMatchObject({ version: 2, settings: { strictness: 'high' }, payload: { version: '2', hash: one.body.hash } });
    expect((await api.get(`/bots/${botId}/versions/9`)).body).toMatchObject({ status: 404, code: 'version-not-found' });
  });
});
