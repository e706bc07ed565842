import { BotConfigPayload } from '@trawling/contracts';
import { makeBot, view } from '../testing/bots.js';
import { enroll } from '../testing/enroll.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api, { settings: { channels: { telegram: { token_secret: 'chat' } } } });
});

const put = (name: string, value: string) => api.put(`/bots/${botId}/secrets/${name}`).send({ value });
const remove = (name: string) => api.delete(`/bots/${botId}/secrets/${name}`);
const references = async (): Promise<unknown> => {
  const { prisma } = controlPlane().owner;
  const { desiredVersion: version } = await prisma.bot.findFirstOrThrow({ where: { id: botId } });
  const row = await prisma.configVersion.findFirstOrThrow({ where: { botId, version } });
  const { llm_config, agent_config } = BotConfigPayload.parse(JSON.parse(row.payload));
  return { llm: llm_config.api_key, chat: agent_config.channels['telegram']?.token };
};

describe('a secret', () => {
  it('makes a new version that names its new value when the settings refer to it', async () => {
    const first = await put('llm_api_key', 'a');
    const second = await put('llm_api_key', 'b');
    const chat = await put('chat', 'c');

    expect([first, second, chat].map(({ status, body }) => [status, body.desired_version, body.secret.version])).toEqual([
      [202, 2, 1],
      [202, 3, 2],
      [202, 4, 1],
    ]);
    expect(await references()).toEqual({ llm: { secret: 'llm_api_key', version: 2 }, chat: { secret: 'chat', version: 1 } });
  });

  it('waits, with a warning, when nothing refers to it yet', async () => {
    const accepted = await put('spare', 'x');

    expect(accepted.body).toMatchObject({ desired_version: 1, changed: true, secret: { name: 'spare', version: 1 }, warnings: [{ path: 'spare' }] });
    expect((await view(api, botId)).secrets).toEqual([{ name: 'spare', version: 1 }]);
  });

  it('stays as it is when the same value is put again', async () => {
    await put('llm_api_key', 'a');

    expect((await put('llm_api_key', 'a')).body).toMatchObject({ desired_version: 2, changed: false, secret: { version: 1 } });
  });

  it('disappears from the next version when it is deleted, with every stored value', async () => {
    await put('llm_api_key', 'a');
    await put('llm_api_key', 'b');

    const deleted = await remove('llm_api_key');

    expect(deleted.body).toMatchObject({ desired_version: 4, changed: true, secret: null });
    expect(await references()).toMatchObject({ llm: null });
    expect((await view(api, botId)).secrets).toEqual([]);
    const rows = await controlPlane().owner.prisma.botSecret.findMany({ where: { botId } });
    expect(rows.map((row) => row.ciphertext)).toEqual(['', '']);
  });

  it('keeps no older value, neither wrapped nor sealed, once a newer one is named', async () => {
    await put('llm_api_key', 'a');
    await enroll(controlPlane(), botId);
    await put('llm_api_key', 'b');

    const { prisma } = controlPlane().owner;
    const rows = await prisma.botSecret.findMany({ where: { botId }, orderBy: { version: 'asc' } });
    expect(rows.map(({ version, ciphertext, deletedAt }) => [version, ciphertext !== '', deletedAt])).toEqual([[1, false, null], [2, true, null]]);
    expect((await prisma.sealedSecret.findMany({ where: { botId } })).map((row) => row.version)).toEqual([2]);
  });

  it('is sealed to no machine that may not ask any more', async () => {
    await put('llm_api_key', 'a');
    const first = await enroll(controlPlane(), botId);
    const second = await enroll(controlPlane(), botId);
    const sealedTo = async () => (await controlPlane().owner.prisma.sealedSecret.findMany({ where: { botId } })).map((row) => row.credentialId);

    expect(first.keys.credentialId).not.toBe(second.keys.credentialId);
    expect(await sealedTo()).toEqual([second.keys.credentialId]);
    await api.delete(`/bots/${botId}`).expect(202);
    expect(await sealedTo()).toEqual([]);
  });

  it('never uses a number twice, also after a deletion', async () => {
    await put('llm_api_key', 'a');
    await remove('llm_api_key');

    expect((await put('llm_api_key', 'a')).body.secret).toEqual({ name: 'llm_api_key', version: 2 });
  });

  it.each([
    ['an empty value', () => put('llm_api_key', ''), 400, 'invalid-request'],
    ['a bad name', () => put('LLM-KEY', 'x'), 400, 'invalid-request'],
    ['a deletion of what is not there', () => remove('nothing'), 404, 'secret-not-found'],
  ])('is refused: %s', async (_what, ask, status, code) => {
    expect((await ask()).body).toMatchObject({ status, code });
    expect((await view(api, botId)).desired_version).toBe(1);
  });
});
