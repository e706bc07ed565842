import { type BotConfigPayload } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { type Crash, type CrashPoint, createCrash } from '../testing/crash.js';
import { type RealMachine, startRealMachine } from '../testing/real-machine.js';
import { openReconciler, type ToldAck } from '../testing/real-reconciler.js';

jest.setTimeout(240_000);
const FIRST_START_MS = 1_200_000;
/** Journal, acks, secrets, config, parameters, jobs, last good config, verdict: as many effects as an apply has here. */
const EFFECTS = 14;

describe('an agent that is killed while it applies a version to the real OpenClaw', () => {
  let machine: RealMachine;
  let acks: ToldAck[];
  let secretVersion = 0;

  /** Changes a secret, the config, the parameters and a job: more jobs would only meet OpenClaw's limit of writes a minute. */
  const nextPayload = (): BotConfigPayload => {
    secretVersion += 1;
    machine.secretValues['llm_api_key'] = `sk-${secretVersion}`;
    const even = secretVersion % 2 === 0;
    return machine.payload(
      {
        llm: { provider: 'openai', model: 'gpt-6-astra' },
        openclaw: { agents: { defaults: { timeoutSeconds: 100 + secretVersion } } },
        strictness: even ? 'high' : 'low',
      },
      { secrets: [{ name: 'llm_api_key', version: secretVersion }] },
    );
  };
  const bring = async (payload: BotConfigPayload, crash?: Crash) => (await openReconciler(machine, acks, crash)).bring(payload);
  const changes = () => machine.events.filter(({ event }) => event === 'config.changed').length;
  const outcomes = (payload: BotConfigPayload) => acks.filter(({ version }) => version === payload.version).map(({ outcome }) => outcome);
  const running = async () => ({
    config: await machine.gateway.readConfig(),
    secrets: JSON.parse((await machine.deps.host.readText(machine.paths.secrets)) ?? '{}'),
    parameters: JSON.parse((await machine.deps.host.readText(machine.paths.tradingParams)) ?? '{}').config_version,
    jobs: (await machine.deps.api.cronList()).filter(({ declarationKey }) => declarationKey?.startsWith('fleet:')).map(({ declarationKey }) => declarationKey).sort(),
    settled: await machine.deps.api.configGet().then(({ valid, configRevisionHash, appliedConfigHash }) => valid && configRevisionHash === appliedConfigHash),
  });

  beforeAll(async () => {
    machine = await startRealMachine();
    acks = [];
    await bring(nextPayload());
  }, FIRST_START_MS);
  afterAll(() => machine?.stop());

  it('has no more effects on the world than are tried here', async () => {
    const crash = createCrash(null);

    await bring(nextPayload(), crash);

    expect(crash.effects()).toBe(EFFECTS);
  });

  /** Between two effects nothing can be seen: before one is after the one before. */
  const points: CrashPoint[] = [{ at: 0, when: 'before' }, ...Array.from({ length: EFFECTS }, (_, at) => ({ at, when: 'after' as const }))];
  it.each(points)('goes on after being killed $when effect $at, and changes the config exactly once', async (point) => {
    const payload = nextPayload();
    const seen = changes();
    const crash = createCrash(point);

    await bring(payload, crash).catch(() => undefined);
    expect(crash.happened()).toBe(true);
    await bring(payload);

    await until(() => changes() > seen);
    expect(changes() - seen).toBe(1);
    expect(outcomes(payload).at(-1)).toBe('applied');
    expect(outcomes(payload)).not.toContain('failed');
    expect(await running()).toMatchObject({
      config: { agents: { defaults: { timeoutSeconds: 100 + secretVersion } } },
      secrets: machine.secretValues,
      parameters: payload.version,
      jobs: ['fleet:fetch-prices', 'fleet:risk-check', 'fleet:run-algorithm'],
      settled: true,
    });
  });
});
