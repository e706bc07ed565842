import { readFile, writeFile } from 'node:fs/promises';
import { SyncError } from '../sync/sync-error.js';
import { payloadWith } from '../testing/payloads.js';
import { stuckMachine } from '../testing/stuck-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { applyVersion, beginAttempt, DEADLINE_MS } from './apply-version.js';

describe('what passes by itself', () => {
  const folder = temporaryFolder();
  const issues = [{ path: 'secrets.llm_api_key', message: 'version 2 is not on this machine yet' }];
  const notSealed = new SyncError({ kind: 'busy', code: 'secrets-not-sealed', retryAfterMs: 1_000, issues }, 'secrets: 503');

  async function setUp(error: Error = notSealed) {
    const { deps, paths } = await stuckMachine(folder.path(), error);
    return { deps, paths, attempt: await beginAttempt(deps, payloadWith({}, { secrets: [{ name: 'llm_api_key', version: 2 }] })) };
  }

  it('is no failure: a secret that is not sealed yet puts the version off and says which', async () => {
    const { deps, attempt } = await setUp();

    expect(await applyVersion(deps, attempt, 'none', DEADLINE_MS)).toEqual({
      kind: 'later',
      error: { code: 'secrets-not-sealed', message: 'secrets: 503', issues },
      retryAfterMs: 1_000,
    });
  });

  it('is a failure after ten minutes, with what is missing, and what ran before is put back', async () => {
    const { deps, paths, attempt } = await setUp();
    await writeFile(paths.openclawConfig, '{"half":"applied"}');

    const outcome = await applyVersion(deps, attempt, 'none', DEADLINE_MS + 1);

    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'secrets-not-sealed', message: expect.stringContaining('given up after 10 minutes'), issues } });
    expect(await readFile(paths.openclawConfig, 'utf8')).toBe('{"before":true}');
    expect(deps.state.attempt.current()?.verdict).toMatchObject({ code: 'secrets-not-sealed' });
  });

  it('holds for the network, and for a gateway that is away', async () => {
    const { deps, attempt } = await setUp(new SyncError({ kind: 'unreachable' }, 'no answer'));
    expect(await applyVersion(deps, attempt, 'none')).toMatchObject({ kind: 'later', error: { code: 'sync-unreachable' } });

    expect(await applyVersion({ ...deps, secretsFor: async () => ({ llm_api_key: 'sk' }) }, attempt, 'none')).toMatchObject({
      kind: 'later',
      error: { code: 'gateway-away' },
    });
  });

  it('does not hold for a verdict that was given: a restarted agent only puts back', async () => {
    const { deps, attempt } = await setUp();
    const verdict = { code: 'openclaw-rejected', message: 'no' };

    expect(await applyVersion(deps, { ...attempt, verdict }, 'none')).toEqual({ kind: 'failed', error: verdict });
  });
});
