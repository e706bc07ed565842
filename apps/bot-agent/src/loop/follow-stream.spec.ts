import { type BotConfigPayload, STREAM_CLOSE } from '@trawling/contracts';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { createStreamOpener } from '../sync/stream-socket.js';
import { payloadWith } from '../testing/payloads.js';
import { openSyncMachine, type SyncMachine } from '../testing/sync-machine.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { startTestSyncAdapter, type TestSyncAdapter } from '../testing/test-sync-adapter.js';
import { createStreamFollower, type StreamFollower } from './follow-stream.js';
import { pollConfig } from './poll-config.js';
import { createWake } from './wake.js';

describe('following the stream', () => {
  const folder = temporaryFolder();
  let server: TestSyncAdapter;
  let machine: SyncMachine;
  let follower: StreamFollower;
  let wakes: { poll: ReturnType<typeof createWake>; reconcile: ReturnType<typeof createWake>; stream: ReturnType<typeof createWake> };
  let offered: BotConfigPayload[];
  let running: Promise<unknown>;
  /** Lengths of the follower's waits, which are not waited for. */
  let waits: number[];

  const version = (n: number) => payloadWith({ strictness: n % 2 === 0 ? 'high' : 'low' }, { botId: server.botId, version: n });
  const gets = () => server.calls.filter((call) => call.startsWith('GET') && call.endsWith('/config')).length;
  const keyCalls = () => server.calls.filter((call) => call.endsWith('/keys')).length;
  const latest = () => offered.at(-1)?.version;

  const start = (silenceMs = 60_000) => {
    const { stop } = machine;
    wakes = { poll: createWake(systemClock, stop.signal), reconcile: createWake(systemClock, stop.signal), stream: createWake(systemClock, stop.signal) };
    const wait = wakes.stream.wait;
    wakes.stream.wait = async (ms) => {
      waits.push(ms);
      await wait(Math.min(ms, 20));
    };
    const deps = {
      ...machine, wakes, stop: stop.signal, random: () => 0,
      openStream: createStreamOpener({ baseUrl: server.url, botId: server.botId, userAgent: 'test', silenceMs }),
      gone: () => machine.gone.length > 0,
      refreshKeys: machine.keySet.refresh,
    };
    follower = createStreamFollower(deps);
    const poll = { ...deps, wake: wakes.poll, pollSeconds: () => 3_600, streamIsUp: follower.isUp, offer: (payload: BotConfigPayload) => void offered.push(payload) };
    running = Promise.all([follower.run(), pollConfig(poll, null)]);
  };

  beforeEach(async () => {
    offered = [];
    waits = [];
    server = await startTestSyncAdapter();
    machine = await openSyncMachine(server, folder.path());
    await server.publish(version(1));
  });
  afterEach(async () => {
    machine.stop.abort();
    await running;
    await server.close();
  });

  it('looks at the config when it is told to, without waiting at the server and long before the next look is due', async () => {
    start();
    await until(() => follower.isUp() && latest() === '1');
    const held = server.longPolls;

    await server.publish(version(2));
    await until(() => latest() === '2');
    await server.publish(version(3));
    await until(() => latest() === '3');

    expect(server.longPolls).toBe(held);
  });

  it('waits at the server while there is no stream, and stops doing so once there is one', async () => {
    server.stream.refuse({ status: 503, code: 'unavailable', retryAfter: '1' });
    start();
    await until(() => server.longPolls > 0 && latest() === '1');

    await server.publish(version(2));
    await until(() => latest() === '2');
    server.stream.refuse(null);
    await until(() => follower.isUp());
    const held = server.longPolls;
    await server.publish(version(3));
    await until(() => latest() === '3');

    expect(server.longPolls).toBe(held);
    expect(waits[0]).toBe(1_000);
  });

  it('looks by itself when the stream breaks, since a hint may have been lost', async () => {
    start();
    await until(() => follower.isUp() && latest() === '1');
    server.stream.refuse({ status: 503, code: 'unavailable' });
    server.stream.closeWith(STREAM_CLOSE.overloaded);
    await until(() => !follower.isUp());

    await server.publish(version(2));

    await until(() => latest() === '2');
  });

  it('comes back soon after a restart of the server, with another look', async () => {
    start();
    await until(() => follower.isUp() && latest() === '1');
    const before = gets();

    server.stream.closeWith(STREAM_CLOSE.restart);
    await until(() => server.stream.opened() === 2);

    await until(() => gets() > before);
    expect(waits).toEqual([0]);
  });

  it('fetches the key set when it is told of new keys, and goes back to waiting work when told of secrets', async () => {
    start();
    await until(() => follower.isUp() && keyCalls() > 0);
    const before = keyCalls();
    await server.rotateSigningKey();
    await wakes.reconcile.wait(1_000);

    server.stream.hint(['keys', 'secrets']);

    await until(() => machine.keySet.current()?.version === 2);
    expect(keyCalls()).toBeGreaterThan(before);
    expect(wakes.reconcile.bell().aborted).toBe(true);
  });

  it('takes a stream for dead on which nothing is heard, pings included', async () => {
    start(150);
    await until(() => follower.isUp());

    await until(() => server.stream.opened() > 1);
  });

  it('keeps a stream on which only pings come', async () => {
    start(1_500);
    await until(() => follower.isUp());
    const pinging = setInterval(() => server.stream.ping(), 50);
    const deadline = systemClock.monotonicMs() + 3_000;

    await until(() => systemClock.monotonicMs() > deadline);
    clearInterval(pinging);

    expect(server.stream.opened()).toBe(1);
  });

  it('ignores what is no hint, and topics it does not know', async () => {
    start();
    await until(() => follower.isUp() && latest() === '1');
    const before = gets();

    for (const text of ['{', '[]', '{"type":"run","command":"x"}', '{"type":"look","topics":["weather"]}']) server.stream.raw(text);
    server.stream.raw('{"type":"look","topics":["weather","config"]}');

    // The stream's own coming may have rung the poll once more.
    await until(() => gets() > before);
    expect(follower.isUp()).toBe(true);
  });

  it('drops a stream that sends more than a hint can be', async () => {
    start();
    await until(() => follower.isUp());

    server.stream.raw('x'.repeat(100_000));

    await until(() => server.stream.opened() === 2);
  });

  it('lets HTTP find out what a refused credential means, and asks no more once its machine is gone', async () => {
    start();
    await until(() => follower.isUp());
    server.fault('*', { code: 'machine-superseded' });
    server.stream.refuse({ status: 410, code: 'machine-superseded' });

    server.stream.closeWith(STREAM_CLOSE.gone);

    await running;
    expect(machine.gone).toEqual(['machine-superseded']);
  });

  it('opens no stream while all its credentials are refused, and one as soon as HTTP gets through again', async () => {
    start();
    await until(() => follower.isUp());
    // Whatever asks meanwhile is refused as well: a call that gets through would make the credentials good again.
    server.fault('*', { code: 'unauthenticated' });
    await machine.credentials.settle({ worked: null, refused: [] });
    server.stream.closeWith(STREAM_CLOSE.unauthenticated);
    await until(() => !follower.isUp());
    const opened = server.stream.opened();
    await until(() => waits.filter((ms) => ms === 300_000).length > 2);
    expect(server.stream.opened()).toBe(opened);

    await machine.credentials.settle({ worked: machine.identity.credential, refused: [] });

    await until(() => follower.isUp());
  });

  it('does not fight another stream of its bot, says that there is one, and long-polls meanwhile', async () => {
    start();
    await until(() => follower.isUp());
    server.stream.closeWith(STREAM_CLOSE.replaced);
    await until(() => machine.events.length > 0);

    expect(machine.events).toMatchObject([{ type: 'security.stream_replaced' }]);
    expect(waits.at(-1)).toBe(150_000);
  });

  it('tells of a refused config once, however often it is offered, and takes the next good one', async () => {
    start();
    await until(() => follower.isUp() && latest() === '1');
    const foreign = payloadWith({}, { version: 7 });
    for (const text of ['{"forged":1}', '{"forged":2}', '{"forged":3}']) {
      const before = gets();
      server.publishRaw(text, foreign.hash, '');
      await until(() => gets() > before);
    }

    await server.publish(version(8));

    await until(() => latest() === '8');
    expect(machine.events.filter(({ type }) => type === 'security.config_refused')).toMatchObject([{ data: { reason: 'contract', security: true } }]);
    expect(offered.map((payload) => payload.version)).toEqual(['1', '8']);
  });
});
