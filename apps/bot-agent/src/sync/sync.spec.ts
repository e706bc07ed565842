import { createServer, type RequestListener, type Server } from 'node:http';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { type BotConfigPayload } from '@trawling/contracts';
import { systemClock } from '@trawling/runtime';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { machineSpecFor } from '../testing/machine-spec.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { startTestSyncAdapter, type TestSyncAdapter } from '../testing/test-sync-adapter.js';
import { enroll, type EnrollDeps, loadIdentity } from './enrollment.js';
import { openKeySet } from './key-set.js';
import { secretsFor, type SecretsDeps } from './secrets.js';
import { createSyncClient } from './sync-client.js';
import { SyncError, type SyncFailure } from './sync-error.js';
import { createSyncHttp, requireSafeUrl, retryAfterMs } from './sync-http.js';

const failureOf = async (call: Promise<unknown>): Promise<SyncFailure> => {
  const error = await call.then(() => null, (reason: unknown) => reason);
  if (!(error instanceof SyncError)) throw new Error(`expected a SyncError, got ${String(error)}`);
  return error.failure;
};
const credentialOf = (credential: string) => ({ inOrder: () => [credential], settle: async () => undefined });
const neverStops = new AbortController().signal;

describe('talking to the sync-adapter', () => {
  const folder = temporaryFolder();
  let server: TestSyncAdapter;

  beforeEach(async () => {
    server = await startTestSyncAdapter();
    await writeFile(folder.path('token'), server.enrollmentToken);
  });
  afterEach(() => server.close());

  /** A machine of the server's bot, not enrolled yet. */
  async function machine() {
    const clock = createFakeClock();
    const gone: string[] = [];
    const identity = await loadIdentity(realHost, folder.path('identity.json'), randomBytes);
    const http = createSyncHttp({
      baseUrl: server.url,
      credentials: credentialOf(identity.credential),
      clock,
      userAgent: 'test',
      stop: neverStops,
      onGone: (code) => gone.push(code),
    });
    const client = createSyncClient(http, server.botId);
    const keySet = await openKeySet({ host: realHost, path: folder.path('keyset.json'), rootPublicJwk: server.rootPublicJwk, fetchKeySet: client.keys });
    const deps: EnrollDeps = {
      host: realHost,
      paths: { credential: folder.path('credential'), enrollmentToken: folder.path('token') },
      spec: machineSpecFor(server),
      identity, client, keySet,
      clock: systemClock,
      random: () => 0,
      logger: createMemoryLogger().logger,
      signal: neverStops,
    };
    return { clock, gone, identity, client, keySet, deps };
  }

  describe('enrollment', () => {
    it('keeps the keys it made, trusts the key set the root key signed, and deletes the token last', async () => {
      const { deps, keySet, identity } = await machine();

      expect(await enroll(deps)).toBe('enrolled');

      expect(await readFile(folder.path('credential'), 'utf8')).toBe(identity.credential);
      expect((await stat(folder.path('credential'))).mode & 0o777).toBe(0o600);
      expect((await stat(folder.path('identity.json'))).mode & 0o777).toBe(0o600);
      await expect(readFile(folder.path('token'))).rejects.toThrow('ENOENT');
      expect(keySet.current()?.version).toBe(1);
    });

    it('sends neither the credential nor the secret of the token', async () => {
      const { deps, identity } = await machine();
      await enroll(deps);

      const sent = JSON.stringify(server.enrolled());

      expect(sent).not.toContain(identity.credential.slice(-43));
      expect(sent).not.toContain(server.enrollmentToken.slice(-43));
    });

    it('loses nothing with a lost answer: after a restart the same request gets the same answer', async () => {
      const first = await machine();
      await enroll({ ...first.deps, host: { ...realHost, writeAtomic: () => Promise.reject(new Error('killed')) }, signal: AbortSignal.timeout(50) });

      const again = await machine();
      expect(await enroll(again.deps)).toBe('enrolled');

      expect(again.identity).toEqual(first.identity);
      expect(server.calls.filter((call) => call.endsWith('/enroll')).length).toBeGreaterThan(1);
    });

    it('asks nobody when it is enrolled already', async () => {
      await enroll((await machine()).deps);
      const calls = server.calls.length;

      expect(await enroll((await machine()).deps)).toBe('already');

      expect(server.calls).toHaveLength(calls);
    });

    it('waits as long as it is told while the control plane has not decided', async () => {
      const { deps } = await machine();
      const answers = [{ kind: 'pending' as const, retryAfterMs: 7 }];
      const slept: number[] = [];
      const client = { enroll: async (request: Parameters<typeof deps.client.enroll>[0]) => answers.shift() ?? deps.client.enroll(request) };

      await enroll({ ...deps, client, clock: { ...systemClock, sleep: async (ms) => void slept.push(ms) } });

      expect(slept).toEqual([7]);
    });

    it('gives up when a newer machine took over', async () => {
      const { deps, gone } = await machine();
      server.fault('enroll', { code: 'machine-superseded' });

      expect(await failureOf(enroll(deps))).toEqual({ kind: 'gone', code: 'machine-superseded' });
      expect(gone).toEqual(['machine-superseded']);
    });
  });

  async function enrolledMachine() {
    const made = await machine();
    await enroll(made.deps);
    return made;
  }

  describe('config', () => {
    it('gets the payload byte for byte with its signature, and nothing when it knows it', async () => {
      const { client } = await enrolledMachine();
      const payload = payloadWith({}, { botId: server.botId });
      await server.publish(payload);

      const fetched = await client.config({ known: null, waitSeconds: 0 });

      expect(fetched).toEqual({ kind: 'payload', text: JSON.stringify(payload), signature: expect.stringContaining('..'), etag: `"${payload.hash}"` });
      expect(await client.config({ known: payload.hash, waitSeconds: 0 })).toEqual({ kind: 'unchanged' });
    });

    it('gets the next version as soon as it is there when it waits', async () => {
      const { client } = await enrolledMachine();
      const [one, two] = [payloadWith({}, { botId: server.botId }), payloadWith({}, { botId: server.botId, version: 2 })];
      await server.publish(one);

      const waiting = client.config({ known: one.hash, waitSeconds: 30 });
      await server.publish(two);

      expect(await waiting).toMatchObject({ kind: 'payload', text: JSON.stringify(two) });
    });

    it('can be hurried', async () => {
      const { client } = await enrolledMachine();
      const payload = payloadWith({}, { botId: server.botId });
      await server.publish(payload);

      expect(await failureOf(client.config({ known: payload.hash, waitSeconds: 30, signal: AbortSignal.timeout(20) }))).toEqual({ kind: 'unreachable' });
    });
  });

  describe('failures', () => {
    it('keeps still for an hour after a 401, then asks again', async () => {
      const { client, clock } = await enrolledMachine();
      server.fault('*', { code: 'unauthenticated' });
      expect(await failureOf(client.secrets())).toEqual({ kind: 'unauthorized' });
      server.fault('*', null);
      const calls = server.calls.length;

      await clock.advance(3_599_000);
      expect(await failureOf(client.secrets())).toEqual({ kind: 'unauthorized' });
      expect(server.calls).toHaveLength(calls);

      await clock.advance(1_000);
      await expect(client.secrets()).resolves.toEqual({ secrets: [] });
    });

    it('never asks again after a 410', async () => {
      const { client, gone } = await enrolledMachine();
      server.fault('*', { code: 'bot-decommissioned' });
      await failureOf(client.keys());
      server.fault('*', null);
      const calls = server.calls.length;

      expect(await failureOf(client.keys())).toEqual({ kind: 'gone', code: 'bot-decommissioned' });
      expect(server.calls).toHaveLength(calls);
      expect(gone).toEqual(['bot-decommissioned']);
    });

    it('takes Retry-After from an overloaded or not yet ready server', async () => {
      const { client } = await enrolledMachine();
      server.fault('secrets', { code: 'secrets-not-sealed', retryAfter: '3' });

      expect(await failureOf(client.secrets())).toEqual({ kind: 'busy', code: 'secrets-not-sealed', retryAfterMs: 3000 });
    });

    it('says with what it was refused', async () => {
      const { client } = await enrolledMachine();
      server.fault('keys', { code: 'not-found' });

      expect(await failureOf(client.keys())).toMatchObject({ kind: 'refused', status: 404, code: 'not-found' });
    });

    it('takes a heartbeat’s 409 as the hint it is', async () => {
      const { client } = await enrolledMachine();
      await server.publish(payloadWith({}, { botId: server.botId, version: 3 }));
      const status = {
        boot_id: '01939e7c-0000-7000-8000-000000000002', sequence: 0, sent_at: '2026-11-21T08:00:00.000Z', agent_version: '1', openclaw_version: null,
        uptime_seconds: 1, applied_version: null, applied_hash: null, health: { status: 'healthy' as const, details: {} }, gateway: { state: 'ready' as const, restarts: 0 },
      };

      expect(await client.heartbeat(status)).toEqual({ updateAvailable: true, nextHeartbeatSeconds: 1, serverTime: expect.any(String) });
      expect(await client.heartbeat({ ...status, last_seen_version: '3' })).toEqual({ updateAvailable: false, nextHeartbeatSeconds: 1, serverTime: expect.any(String) });
    });
  });

  describe('keys and secrets', () => {
    const withKey = (version: number): BotConfigPayload => payloadWith({}, { botId: server.botId, version, secrets: [{ name: 'llm_api_key', version }] });
    const secretsDeps = async (): Promise<SecretsDeps> => {
      const { client, keySet, identity } = await enrolledMachine();
      return {
        host: realHost, heldPath: folder.path('held.json'), botId: server.botId,
        sealingPrivateJwk: identity.sealing_key, keySet, client, security: { say: () => undefined },
      };
    };

    it('opens what was sealed to this machine and asks again only for another version', async () => {
      const deps = await secretsDeps();
      server.putSecret({ name: 'llm_api_key', version: 1, value: 'sk-one' });

      expect(await secretsFor(deps, withKey(1))).toEqual({ llm_api_key: 'sk-one' });
      const calls = server.calls.length;
      expect(await secretsFor(deps, withKey(1))).toEqual({ llm_api_key: 'sk-one' });

      expect(server.calls).toHaveLength(calls);
      expect((await stat(folder.path('held.json'))).mode & 0o777).toBe(0o600);
    });

    it('keeps no value that the config does not name any more', async () => {
      const deps = await secretsDeps();
      server.putSecret({ name: 'llm_api_key', version: 1, value: 'sk-one' });
      await secretsFor(deps, withKey(1));

      expect(await secretsFor(deps, payloadWith({}, { botId: server.botId, version: 2, secrets: [] }))).toEqual({});
      expect(await readFile(folder.path('held.json'), 'utf8')).not.toContain('sk-one');
    });

    it('puts it off while the version it needs is not there', async () => {
      const deps = await secretsDeps();
      server.putSecret({ name: 'llm_api_key', version: 1, value: 'sk-one' });

      expect(await failureOf(secretsFor(deps, withKey(2)))).toMatchObject({ kind: 'busy', code: 'secrets-not-sealed' });
    });

    it('asks for the key set when a secret is signed by a key it does not know', async () => {
      const deps = await secretsDeps();
      await server.rotateSigningKey();
      server.putSecret({ name: 'llm_api_key', version: 1, value: 'sk-one' });

      expect(await secretsFor(deps, withKey(1))).toEqual({ llm_api_key: 'sk-one' });
      expect(deps.keySet.current()?.version).toBe(2);
    });

    it('takes no key set that another root key signed', async () => {
      const { keySet } = await enrolledMachine();
      const stranger = await startTestSyncAdapter();
      const foreign = await machineOf(stranger);
      await stranger.close();

      await expect(keySet.accept(foreign)).rejects.toThrow();
      expect(keySet.current()?.version).toBe(1);
    });

    async function machineOf(other: TestSyncAdapter): Promise<string> {
      const { deps } = await machine();
      const identity = await loadIdentity(realHost, folder.path('other-identity.json'), randomBytes);
      await writeFile(folder.path('other-token'), other.enrollmentToken);
      const http = createSyncHttp({ baseUrl: other.url, credentials: credentialOf(identity.credential), clock: systemClock, userAgent: 'test', stop: neverStops, onGone: () => undefined });
      const client = createSyncClient(http, other.botId);
      const keySet = await openKeySet({ host: realHost, path: folder.path('other-keyset.json'), rootPublicJwk: other.rootPublicJwk, fetchKeySet: client.keys });
      await enroll({
        ...deps, identity, client, keySet, spec: machineSpecFor(other),
        paths: { credential: folder.path('other-credential'), enrollmentToken: folder.path('other-token') },
      });
      return (await client.keys()).key_set;
    }
  });
});

describe('the way to the sync-adapter', () => {
  let server: Server | null = null;
  const serve = async (listener: RequestListener): Promise<string> => {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    return typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
  };
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    server = null;
  });
  const http = (baseUrl: string) =>
    createSyncHttp({ baseUrl, credentials: credentialOf('secret'), clock: systemClock, userAgent: 'test', stop: neverStops, onGone: () => undefined });

  it.each(['http://sync.example.com', 'ftp://127.0.0.1', 'http://10.0.0.1:4200', 'http://127.0.0.1.example.com'])('is refused: %s', (url) => {
    expect(() => requireSafeUrl(url)).toThrow('neither https nor this machine');
  });

  it.each(['https://sync.example.com', 'http://127.0.0.1:4200', 'http://localhost:4200', 'http://[::1]:4200'])('is taken: %s', (url) => {
    expect(requireSafeUrl(url).href).toContain(url);
  });

  it('follows no redirect', async () => {
    let redirected = 0;
    const url = await serve((request, response) => {
      if (request.url === '/elsewhere') redirected += 1;
      response.writeHead(302, { Location: '/elsewhere' }).end();
    });

    expect(await failureOf(http(url)({ method: 'GET', path: '/x' }))).toEqual({ kind: 'unreachable' });
    expect(redirected).toBe(0);
  });

  it('reads no more than it asked for', async () => {
    const url = await serve((_request, response) => response.end('x'.repeat(10_000)));

    expect(await failureOf(http(url)({ method: 'GET', path: '/x', maxBytes: 1000 }))).toEqual({ kind: 'unreachable' });
  });

  it('waits no longer than it was told', async () => {
    const url = await serve(() => undefined);

    expect(await failureOf(http(url)({ method: 'GET', path: '/x', timeoutMs: 50 }))).toEqual({ kind: 'unreachable' });
  });

  it('takes an answer that is not what the contract says for no answer', async () => {
    const url = await serve((_request, response) => response.end('<html>Log in to the hotel’s network</html>'));

    expect(await failureOf(createSyncClient(http(url), 'b').keys())).toEqual({ kind: 'unreachable' });
  });

  it.each([
    ['5', 5000],
    ['Sat, 21 Nov 2026 08:00:10 GMT', 10_000],
    ['99999', 300_000],
    ['soon', 1000],
    [undefined, 1000],
  ])('reads Retry-After %p as %p ms', (header, ms) => {
    expect(retryAfterMs(header, Date.parse('2026-11-21T08:00:00.000Z'))).toBe(ms);
  });
});
