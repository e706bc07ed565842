import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@trawling/runtime';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { carefulFiles } from './careful-files.js';
import { createGatewayHand, isInside, untilIdle } from './gateway-hand.js';
import { createHandHost } from './hand-host.js';
import { MAX_FILE_BYTES } from './hand-protocol.js';

const folder = temporaryFolder();
const openclaw = { node: process.execPath, openclaw_mjs: '/opt/openclaw.mjs', openclaw_version: '2026.9.6' };
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A hand on a socket in the test's folder that may touch `gateway/`, and the agent's side of it. */
async function openHand(over: Partial<typeof openclaw> = {}) {
  await mkdir(folder.path('gateway'));
  await mkdir(folder.path('agent'));
  const server = createGatewayHand({
    host: carefulFiles(realHost),
    folders: [folder.path('gateway')],
    openclaw: { ...openclaw, ...over },
    logger: createMemoryLogger().logger,
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(folder.path('hand.sock'), resolve));
  return { server, host: createHandHost(folder.path('hand.sock')) };
}

describe('the gateway hand', () => {
  it('reads, writes, lists and removes in the folders of the gateway', async () => {
    const { host } = await openHand();
    const file = folder.path('gateway/secrets.json');
    const text = `{"key":"zwölf\\n🐟","large":"${'x'.repeat(300_000)}"}`;

    await host.writeAtomic(file, text);
    await host.append(folder.path('gateway/log'), 'one\n');
    await host.truncate(folder.path('gateway/log'), 2);
    await host.ensureDir(folder.path('gateway/more'));

    expect(await host.readText(file)).toBe(text);
    expect(await host.fileSize(file)).toBe(Buffer.byteLength(text));
    expect((await host.list(folder.path('gateway'))).sort()).toEqual(['log', 'more', 'secrets.json']);
    expect(await readFile(folder.path('gateway/log'), 'utf8')).toBe('on');
    await host.remove(file);
    expect(await host.readText(file)).toBeNull();
    expect(await host.fileSize(file)).toBeNull();
  });

  it.each([
    ['a file of the agent', 'agent/credential'],
    ['a way out of the folder', 'gateway/../agent/credential'],
    ['a folder whose name begins alike', 'gateway-of-another/token'],
  ])('does not touch %s', async (_what, path) => {
    const { host } = await openHand();
    await writeFile(folder.path('agent/credential'), 'ttb_secret');

    await expect(host.readText(join(folder.path(), path))).rejects.toThrow('not in a folder of the gateway');
    await expect(host.writeAtomic(folder.path() + '/' + path, 'mine')).rejects.toThrow('not in a folder of the gateway');
    await expect(host.readText(path)).rejects.toThrow('not in a folder of the gateway');
  });

  it('runs OpenClaw’s command line and nothing else', async () => {
    const script = folder.path('openclaw.cjs');
    await writeFile(script, 'console.log(process.argv.slice(2).join(" "), process.env.HOME); process.exit(3);');
    const { host } = await openHand({ openclaw_mjs: script });
    const options = { env: { HOME: '/home/gateway' }, timeoutMs: 30_000 };

    expect(await host.run(process.execPath, [script, 'config', 'validate'], options)).toEqual({ code: 3, stdout: 'config validate /home/gateway\n', stderr: '' });

    await expect(host.run('/bin/sh', ['-c', 'id'], options)).rejects.toThrow('only OpenClaw');
    await expect(host.run(process.execPath, ['-e', '1'], options)).rejects.toThrow('only OpenClaw');
  });

  it('says of what is no regular file that it is none, and does not wait for it', async () => {
    const { host } = await openHand();
    const path = (name: string): string => folder.path(`gateway/${name}`);
    await writeFile(folder.path('agent/credential'), 'ttb_secret');
    await symlink(folder.path('agent/credential'), path('link'));
    execFileSync('mkfifo', [path('fifo')]);

    for (const odd of [path('fifo'), path('link'), folder.path('gateway')]) {
      // More of them than Node has threads for files.
      const asked = Array.from({ length: 6 }, () => [host.readText(odd), host.append(odd, 'x'), host.truncate(odd, 0)]).flat();
      for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ reason: { message: `gateway hand: ${odd} is not a regular file` } });
    }
    expect(await readFile(folder.path('agent/credential'), 'utf8')).toBe('ttb_secret');

    await host.writeAtomic(path('fifo'), '{}');
    expect(await host.readText(path('fifo'))).toBe('{}');
  });

  it('reads no more for the agent than it has memory for', async () => {
    const { host } = await openHand();
    const file = folder.path('gateway/openclaw.json');
    await writeFile(file, '');
    await truncate(file, 100 * MAX_FILE_BYTES);
    await expect(host.readText(file)).rejects.toThrow(`gateway hand: ${file} has more than ${MAX_FILE_BYTES} bytes`);

    await writeFile(file, 'x'.repeat(MAX_FILE_BYTES));
    expect(await host.readText(file)).toHaveLength(MAX_FILE_BYTES);
  });

  it('is an error for the agent when it is not there, hangs up, or answers nonsense', async () => {
    const host = createHandHost(folder.path('hand.sock'));
    await expect(host.readText(folder.path('gateway/token'))).rejects.toThrow('does not answer');

    for (const answer of ['', 'no json\n', '{"ok":true,"value":7}\n', '{"maybe":1}\n']) {
      const server = createServer((socket) => socket.resume().end(answer));
      await new Promise<void>((resolve) => server.listen(folder.path('hand.sock'), resolve));
      await expect(host.readText(folder.path('gateway/token'))).rejects.toThrow();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('ends when nobody asked for a while, and not while somebody does', async () => {
    const { server, host } = await openHand();
    servers.length = 0;
    const clock = createFakeClock();
    let ended = false;
    const idle = untilIdle(server, { clock, idleMs: 1_000, longestMs: 60_000, signal: new AbortController().signal }).then(() => (ended = true));

    await clock.advance(900);
    await host.list(folder.path('gateway'));
    await clock.advance(900);
    expect(ended).toBe(false);

    await clock.advance(1_100);
    await idle;
    await expect(host.list(folder.path('gateway'))).rejects.toThrow('does not answer');
  });

  it('ends although a connection hangs: longer than anybody waits for an answer it is not kept', async () => {
    const { server } = await openHand();
    servers.length = 0;
    const clock = createFakeClock();
    let ended = false;
    const idle = untilIdle(server, { clock, idleMs: 1_000, longestMs: 10_000, signal: new AbortController().signal }).then(() => (ended = true));
    const hanging = connect(folder.path('hand.sock'));
    hanging.on('error', () => undefined).resume();
    const closed = new Promise((resolve) => hanging.once('close', resolve));
    await new Promise((resolve) => server.once('connection', resolve));

    await clock.advance(9_000);
    expect(ended).toBe(false);

    await clock.advance(2_000);
    await closed;
    await clock.advance(2_000);
    await idle;
  });

  it('ends at once when it is told to', async () => {
    const { server } = await openHand();
    servers.length = 0;
    const stop = new AbortController();
    const idle = untilIdle(server, { clock: systemClock, idleMs: 60_000, longestMs: 60_000, signal: stop.signal });

    stop.abort();

    await idle;
  });
});

describe('a path in a folder', () => {
  it.each([
    ['/m/gateway', '/m/gateway/token', true],
    ['/m/gateway', '/m/gateway', true],
    ['/m/gateway', '/m/gateway/..token', true],
    ['/m/gateway', '/m/gateway2/token', false],
    ['/m/gateway', '/m/gateway/../agent', false],
    ['/m/gateway', '/m', false],
    ['/m/gateway', 'm/gateway/token', false],
  ])('%s: %s is inside: %s', (dir, path, expected) => {
    expect(isInside(dir, path)).toBe(expected);
  });
});
