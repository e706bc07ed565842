import { type BotConfigPayload, type JsonObject } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { createCrash } from '../testing/crash.js';
import { type RealMachine, startRealMachine } from '../testing/real-machine.js';
import { openReconciler, type ToldAck } from '../testing/real-reconciler.js';

jest.setTimeout(300_000);
const FIRST_START_MS = 1_200_000;
/** The effect after which OpenClaw has taken the config: journal, ack, patch. */
const CONFIG_TAKEN = 2;

describe('applying to the real OpenClaw while things go wrong', () => {
  let machine: RealMachine;
  let acks: ToldAck[];

  const withSettings = (openclaw: JsonObject): BotConfigPayload => machine.payload({ openclaw });
  const timeout = (seconds: number) => withSettings({ agents: { defaults: { timeoutSeconds: seconds } } });
  const large = () => {
    const person = (n: number): [string, string[]] => [`person-${n}`, [`telegram:${100_000_000 + n}`, `discord:${500_000_000_000_000_000 + n}`, `slack:U${n}`]];
    return withSettings({ session: { identityLinks: Object.fromEntries(Array.from({ length: 2_600 }, (_, n) => person(n))) } });
  };
  const bring = async (payload: BotConfigPayload) => (await openReconciler(machine, acks)).bring(payload);
  const lastAck = (payload: BotConfigPayload) => acks.filter(({ version }) => version === payload.version).at(-1);
  const config = () => machine.gateway.readConfig();
  const size = () => machine.deps.host.fileSize(machine.paths.openclawConfig);
  const settled = async () => {
    const { valid, configRevisionHash, appliedConfigHash } = await machine.deps.api.configGet();
    return valid && configRevisionHash === appliedConfigHash;
  };

  beforeAll(async () => {
    machine = await startRealMachine();
  }, FIRST_START_MS);
  beforeEach(() => {
    acks = [];
  });
  afterAll(() => machine?.stop());

  it('goes from a config of 200 KB to one of a few KB and back', async () => {
    const [big, small, again] = [large(), timeout(111), large()];
    await bring(big);
    expect(JSON.stringify(big).length).toBeGreaterThan(190_000);
    const before = (await size()) ?? 0;

    await bring(small);
    expect((await size()) ?? 0).toBeLessThan(before / 20);
    expect(await settled()).toBe(true);

    await bring(again);
    expect(await settled()).toBe(true);
    await bring(timeout(112));

    expect([big, small, again].map((payload) => lastAck(payload)?.outcome)).toEqual(['applied', 'applied', 'applied']);
  });

  it('applies the newer version when another one comes while it applies, and leaves nothing of the one before', async () => {
    const older = withSettings({ agents: { defaults: { timeoutSeconds: 120 } }, messages: { responsePrefix: 'older' } });
    const newer = timeout(121);
    const crash = createCrash({ at: CONFIG_TAKEN, when: 'after' });
    await (await openReconciler(machine, acks, crash)).bring(older).catch(() => undefined);
    expect(await config()).toMatchObject({ messages: { responsePrefix: 'older' } });

    await bring(newer);

    expect(JSON.stringify(await config())).not.toContain('older');
    expect(await config()).toMatchObject({ agents: { defaults: { timeoutSeconds: 121 } } });
    expect(acks.map(({ version, outcome }) => [version, outcome])).toEqual([
      [older.version, 'applying'],
      [newer.version, 'applying'],
      [newer.version, 'applied'],
    ]);
  });

  it('puts back what ran before both when the newer one fails as well', async () => {
    await bring(timeout(130));
    const before = await config();
    const crash = createCrash({ at: CONFIG_TAKEN, when: 'after' });
    await (await openReconciler(machine, acks, crash)).bring(timeout(131)).catch(() => undefined);
    const bad = withSettings({ agents: { defaults: { no_such_setting: 1 } } });

    await bring(bad);

    expect(lastAck(bad)).toMatchObject({ outcome: 'failed', error: { code: 'openclaw-rejected' } });
    expect({ ...(await config()), meta: null }).toEqual({ ...before, meta: null });
    expect(await settled()).toBe(true);
  });

  it('says that it is applying while the gateway is killed in the middle, and applies when it is back', async () => {
    const payload = timeout(140);
    const running = await openReconciler(machine, acks);
    const { api } = running.deps;
    const patch = api.configPatch;
    let kills = 0;
    running.deps.api = {
      ...api,
      configPatch: async (input) => {
        kills += 1;
        if (kills > 1) return patch(input);
        const answer = patch(input);
        answer.catch(() => undefined);
        await machine.gateway.kill('SIGKILL');
        return answer;
      },
    };
    const bringing = running.bring(payload);
    await until(() => acks.some(({ error }) => error?.code === 'gateway-away'), { timeoutMs: 120_000 });
    expect(lastAck(payload)).toMatchObject({ outcome: 'applying', error: { code: 'gateway-away' } });

    machine.gateway.spawn();
    await bringing;

    expect(lastAck(payload)?.outcome).toBe('applied');
    expect(await config()).toMatchObject({ agents: { defaults: { timeoutSeconds: 140 } } });
    expect(await settled()).toBe(true);
  });

  it('refuses a config that refers to a variable or a secret this machine does not have, which OpenClaw would take', async () => {
    await bring(timeout(150));
    const before = await config();
    const payload = withSettings({ messages: { responsePrefix: '${NO_SUCH_VARIABLE}' } });

    await bring(payload);

    expect(lastAck(payload)).toMatchObject({
      outcome: 'failed',
      error: { code: 'missing-references', issues: [{ path: 'messages.responsePrefix', message: expect.stringContaining('NO_SUCH_VARIABLE') }] },
    });
    expect(await config()).toEqual(before);
  });

  it('takes a version back that OpenClaw accepted and whose gateway does not stay up, and says that it failed', async () => {
    const good = timeout(160);
    const sick = withSettings({ agents: { defaults: { timeoutSeconds: 161 } }, messages: { responsePrefix: 'sick' } });
    await bring(good);
    let restarts = 0;
    const gateway = { state: () => 'ready' as const, restarts: () => restarts };
    const agent = await openReconciler(machine, acks, undefined, gateway);
    // As after the watch on it: until then, what was good before it would be what comes back.
    await agent.deps.state.probation.remove();
    await agent.bring(sick);
    expect(lastAck(sick)?.outcome).toBe('applied');
    await agent.look();

    restarts = 3;
    await agent.look();
    await until(async () => {
      await agent.look();
      return agent.deps.state.attempt.current() === null && !agent.deps.state.progress().unsettled;
    }, { timeoutMs: 60_000 });

    expect(lastAck(sick)).toMatchObject({ outcome: 'failed', error: { code: 'unhealthy-after-apply' } });
    expect(await config()).toMatchObject({ agents: { defaults: { timeoutSeconds: 160 } } });
    expect(JSON.stringify(await config())).not.toContain('sick');
    expect(agent.deps.state.applied.current()?.payload.version).toBe(good.version);
    const next = timeout(162);
    await agent.bring(next);
    expect(lastAck(next)?.outcome).toBe('applied');
  });
});
