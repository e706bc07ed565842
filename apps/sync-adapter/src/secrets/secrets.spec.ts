import { openSealedSecret, verifyKeySet } from '@trawling/crypto';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

const LLM_KEY = { name: 'llm_api_key', version: 1, value: 'sk-test-0123456789abcdef' };

describe('GET /bots/{id}/secrets', () => {
  const world = useTestWorld();

  it('relays what only the machine can open', async () => {
    const bot = await TestBot.enrolled(world(), { secrets: [LLM_KEY.name] });
    await world().controlPlane.sealSecret(bot.credentialId, LLM_KEY);

    const answer = await bot.secrets().expect(200);

    expect(answer.text).not.toContain(LLM_KEY.value);
    expect(answer.body.secrets).toHaveLength(1);
    const { rootPublicJwk, keySet } = world().controlPlane;
    const opened = await openSealedSecret({
      jwe: answer.body.secrets[0].jwe,
      sealingPrivateJwk: bot.keys.sealing.privateJwk,
      keySet: await verifyKeySet({ jws: keySet, rootPublicJwk, minVersion: 0 }),
    });
    expect(opened).toEqual({ bot_id: bot.id, ...LLM_KEY });
  });

  it('answers 503 secrets-not-sealed with Retry-After until every secret of the desired config is sealed', async () => {
    const bot = await TestBot.enrolled(world(), { secrets: [LLM_KEY.name] });

    const early = await bot.secrets().expect(503);
    await world().controlPlane.sealSecret(bot.credentialId, LLM_KEY);

    expect(early.body.code).toBe('secrets-not-sealed');
    expect(early.headers['retry-after']).toBe('2');
    await bot.secrets().expect(200);
  });

  it('does not take a secret sealed for another machine for one of ours', async () => {
    const bot = await TestBot.enrolled(world(), { secrets: [LLM_KEY.name] });
    await world().controlPlane.sealSecret(bot.credentialId, LLM_KEY);
    await world().controlPlane.wantGeneration(bot.id, 2);
    const next = await TestBot.machineOf(world(), bot.id, 2);
    await next.enroll();

    expect((await next.secrets().expect(503)).body.code).toBe('secrets-not-sealed');
  });

  it('leaves out what the desired config does not name', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.sealSecret(bot.credentialId, LLM_KEY);

    const answer = await bot.secrets().expect(200);

    expect(answer.body).toEqual({ secrets: [] });
  });
});
