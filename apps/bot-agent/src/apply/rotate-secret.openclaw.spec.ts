import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BotConfigPayload } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { type RealMachine, startRealMachine } from '../testing/real-machine.js';
import { type ScriptedLlm, startScriptedLlm } from '../testing/scripted-llm.js';
import { applyVersion, beginAttempt } from './apply-version.js';

jest.setTimeout(240_000);
/** The first of these specs may have to install OpenClaw. */
const FIRST_START_MS = 1_200_000;
const NAME = 'llm_api_key';

describe('a new value of a secret, in the real OpenClaw', () => {
  let machine: RealMachine;
  let llm: ScriptedLlm;

  beforeAll(async () => {
    llm = await startScriptedLlm();
    machine = await startRealMachine();
  }, FIRST_START_MS);
  afterAll(async () => {
    await machine?.stop();
    await llm?.close();
  });

  const apply = async (payload: BotConfigPayload): Promise<string> => {
    const outcome = await applyVersion(machine.deps, await beginAttempt(machine.deps, payload), 'none');
    // As after the watch on what was applied: until then the old value may have to be put back.
    await machine.deps.state.attempt.remove();
    await machine.deps.state.probation.remove();
    return outcome.kind;
  };
  /** A version that names this version of the secret, whose value is on the way to the machine. */
  const withSecret = (version: number, value: string) => {
    machine.secretValues[NAME] = value;
    return machine.payload({ llm: { provider: 'openai-compatible', model: 'm', base_url: llm.url } }, { secrets: [{ name: NAME, version }] });
  };
  const gatewayProcess = async () => z.object({ pid: z.number(), processInstanceId: z.string() }).parse(await machine.client.request('system.info', {}, 15_000));
  /** The key with which OpenClaw calls its model now. */
  const keyOfNextTurn = async (): Promise<string> => {
    llm.answer(() => 'nothing to do');
    const job = (await machine.deps.api.cronList()).find(({ declarationKey }) => declarationKey === 'fleet:run-algorithm');
    await machine.client.request('cron.run', { id: job?.id, mode: 'force' }, 15_000);
    await until(() => llm.calls() > 0, { timeoutMs: 120_000 });
    return llm.lastKey();
  };
  const fileText = async () => (await machine.deps.host.readText(machine.paths.secrets)) ?? '';

  /** Files of the machine, the agent's and the gateway's, that hold this text. */
  const filesWith = async (text: string): Promise<string[]> => {
    const entries = await readdir(machine.gateway.dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const holding = await Promise.all(files.map(async (file) => (await readFile(file).catch(() => Buffer.alloc(0))).includes(text)));
    return files.filter((_, index) => holding[index]);
  };

  it('is what the next turn calls the model with, without a restart and without a trace of the old one', async () => {
    expect(await apply(withSecret(1, 'sk-one-of-rotation'))).toBe('applied');
    expect(await keyOfNextTurn()).toBe('sk-one-of-rotation');
    const before = await gatewayProcess();

    expect(await apply(withSecret(2, 'sk-two-of-rotation'))).toBe('applied');

    expect(await keyOfNextTurn()).toBe('sk-two-of-rotation');
    expect(await gatewayProcess()).toEqual(before);
    expect(JSON.parse(await fileText())).toEqual({ [NAME]: 'sk-two-of-rotation' });
    expect(await filesWith('one-of-rotation')).toEqual([]);
    expect(await filesWith('two-of-rotation')).toEqual([machine.paths.secrets]);
  });

  it('goes from the machine with the version that does not name it any more', async () => {
    expect(await apply(machine.payload({ llm: { provider: 'openai-compatible', model: 'm', base_url: llm.url } }))).toBe('applied');

    expect(await filesWith('of-rotation')).toEqual([]);
  });
});
