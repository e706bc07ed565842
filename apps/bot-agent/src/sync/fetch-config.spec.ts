import { readFile, writeFile } from 'node:fs/promises';
import { type BotConfigPayload, DELTA_MIN_BYTES } from '@trawling/contracts';
import { signKeySet, generateEd25519, signConfig } from '@trawling/crypto';
import { payloadWith } from '../testing/payloads.js';
import { openSyncMachine, type SyncMachine } from '../testing/sync-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { startTestSyncAdapter, type TestSyncAdapter } from '../testing/test-sync-adapter.js';
import { fetchConfig } from './fetch-config.js';

/** Makes a payload of about 200 KB. */
const aliases = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`openai/large-model-number-${n}`, { alias: `alias-${n}-of-a-model` }]));

describe('fetching the config', () => {
  const folder = temporaryFolder();
  let server: TestSyncAdapter;
  let machine: SyncMachine;

  const large = (version: number, alias = 'first'): BotConfigPayload =>
    payloadWith(
      { openclaw: { agents: { defaults: { models: { ...aliases, changed: { alias } } } } } },
      { botId: server.botId, version },
    );
  const small = (version: number): BotConfigPayload => payloadWith({}, { botId: server.botId, version });
  const fetch = (known: string | null) => fetchConfig(machine, { known, waitSeconds: 0 });
  const kinds = () => server.bodies.map(({ kind }) => kind);

  beforeEach(async () => {
    server = await startTestSyncAdapter();
    machine = await openSyncMachine(server, folder.path());
  });
  afterEach(() => server.close());

  it('takes the difference to what it has when the config is large, and ends with the very same config', async () => {
    const [one, two] = [large(1), large(2, 'second')];
    await server.publish(one);
    await fetch(null);
    await server.publish(two);

    const fetched = await fetch(one.hash);

    expect(fetched).toEqual({ kind: 'accepted', payload: two });
    expect(kinds()).toEqual(['payload', 'patch']);
    expect(server.bodies[1]?.bytes).toBeLessThan((server.bodies[0]?.bytes ?? 0) * 0.02);
    expect(JSON.stringify(one).length).toBeGreaterThan(DELTA_MIN_BYTES * 1.8);
  });

  it('still has what the next difference starts from after a restart', async () => {
    const [one, two] = [large(1), large(2, 'second')];
    await server.publish(one);
    await fetch(null);
    machine = await openSyncMachine(server, folder.path());
    await server.publish(two);

    expect(await fetch(one.hash)).toMatchObject({ kind: 'accepted' });

    expect(kinds()).toEqual(['payload', 'patch']);
  });

  it.each([
    ['changes something else', (patch: string) => patch.replace('second', 'forged')],
    ['does not fit', () => '[{"op":"remove","path":"/no/such/place"}]'],
    ['is no patch', () => '{"op":"add"}'],
    ['is cut off', (patch: string) => patch.slice(0, -10)],
    ['is empty', () => '[]'],
    ['makes it larger and larger', () => JSON.stringify(Array.from({ length: 40 }, (_, n) => ({ op: 'copy', from: '', path: `/copy${n}` })))],
    ['reaches for the prototype', () => '[{"op":"add","path":"/__proto__/polluted","value":true}]'],
  ])('asks for the whole config by itself when the difference %s', async (_how, tampered) => {
    const [one, two] = [large(1), large(2, 'second')];
    await server.publish(one);
    await fetch(null);
    await server.publish(two);
    server.delta.tamper(tampered);

    const fetched = await fetch(one.hash);

    expect(fetched).toEqual({ kind: 'accepted', payload: two });
    expect(kinds()).toEqual(['payload', 'patch', 'payload']);
    expect(machine.events).toEqual([]);
  });

  it('does not ask for a difference to what it does not have any more', async () => {
    const [one, two] = [large(1), large(2, 'second')];
    await server.publish(one);
    await fetch(null);
    await writeFile(machine.paths.fetched, (await readFile(machine.paths.fetched, 'utf8')).replace('alias-7-', 'alias-8-'));
    machine = await openSyncMachine(server, folder.path());
    await server.publish(two);

    expect(await fetch(one.hash)).toEqual({ kind: 'accepted', payload: two });

    expect(kinds()).toEqual(['payload', 'payload']);
  });

  it('gets a small config whole, also after a large one', async () => {
    const [one, two] = [large(1), small(2)];
    await server.publish(one);
    await fetch(null);
    await server.publish(two);

    expect(await fetch(one.hash)).toEqual({ kind: 'accepted', payload: two });

    expect(kinds()).toEqual(['payload', 'payload']);
  });

  it('refuses one whose ETag is not its hash', async () => {
    const payload = small(1);
    await server.publish(payload);
    const answer = await machine.client.config({ known: null, waitSeconds: 0 });
    if (answer.kind !== 'payload') throw new Error('no payload');
    server.publishRaw(answer.text, small(2).hash, answer.signature);

    expect(await fetch(null)).toMatchObject({ kind: 'refused', reason: 'hash' });
  });

  it('takes a config that the disk has no room to remember', async () => {
    const full = async () => Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
    machine = await openSyncMachine(server, folder.path(), { ...machine.host, writeAtomic: full });
    await server.publish(small(1));

    expect(await fetch(null)).toMatchObject({ kind: 'accepted' });
  });

  describe('signed by a key it does not know', () => {
    it('asks for the key set once and goes on when the root key signed a newer one', async () => {
      await server.rotateSigningKey();
      await server.publish(small(1));

      expect(await fetch(null)).toMatchObject({ kind: 'accepted' });

      expect(server.calls.filter((call) => call.endsWith('/keys'))).toHaveLength(1);
      expect(machine.keySet.current()?.version).toBe(2);
    });

    it('refuses it when the key is in no set the root key signed', async () => {
      const payload = small(1);
      const stranger = generateEd25519();
      server.publishRaw(JSON.stringify(payload), payload.hash, await signConfig({ payload, kid: 'stranger', privateJwk: stranger.privateJwk }));

      expect(await fetch(null)).toMatchObject({ kind: 'refused', reason: 'unknown-key' });

      expect(server.calls.filter((call) => call.endsWith('/keys'))).toHaveLength(1);
    });

    it('refuses it, and says so, when the set that names the key is not signed by the root key', async () => {
      const payload = small(1);
      const stranger = generateEd25519();
      const keys = [{ kid: 'stranger', jwk: stranger.publicJwk }];
      const keySet = { version: 9, issued_at: new Date().toISOString(), keys };
      server.serveKeySet(await signKeySet({ keySet, rootPrivateJwk: stranger.privateJwk }));
      server.publishRaw(JSON.stringify(payload), payload.hash, await signConfig({ payload, kid: 'stranger', privateJwk: stranger.privateJwk }));

      expect(await fetch(null)).toMatchObject({ kind: 'refused', reason: 'key-set' });

      expect(machine.events).toMatchObject([{ type: 'security.key_set_refused', data: { security: true } }]);
      expect(machine.keySet.current()?.version).toBe(1);
    });

    it('refuses it, and says so, when the set is an older one that still names a withdrawn key', async () => {
      const withdrawn = (await machine.client.keys()).key_set;
      await server.rotateSigningKey();
      await machine.keySet.refresh();
      server.serveKeySet(withdrawn);
      await server.rotateSigningKey({ publishKeySet: false });
      await server.publish(small(1));

      expect(await fetch(null)).toMatchObject({ kind: 'refused', reason: 'key-set' });

      expect(machine.events).toMatchObject([{ type: 'security.key_set_refused', data: { reason: 'key-set-too-old' } }]);
      expect(machine.keySet.current()?.version).toBe(2);
    });
  });
});
