import { createServer, type Server, type Socket } from 'node:net';
import { isAbsolute, relative, sep } from 'node:path';
import { type MachineSpec } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type HandAnswer, HandRequest, MAX_LINE_BYTES } from './hand-protocol.js';
import { readLine } from './read-line.js';

export interface GatewayHandDeps {
  /** File access as the user this process runs as. */
  host: Host;
  /** Folders whose files it touches, absolute. */
  folders: readonly string[];
  openclaw: MachineSpec['openclaw'];
  logger: Logger;
}

/**
 * Does for the agent what only the gateway's user can do: OpenClaw takes secrets only from files that its own user owns
 * and nobody else can read, and closes its config to everyone else. Whoever may connect (the socket's mode says who)
 * gets at the gateway's folders and at OpenClaw's command line, and at nothing else.
 */
export function createGatewayHand(deps: GatewayHandDeps): Server {
  return createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    void serve(deps, socket);
  });
}

const Failure = z.object({ message: z.string() });

async function serve(deps: GatewayHandDeps, socket: Socket): Promise<void> {
  const answer = await readLine(socket, MAX_LINE_BYTES)
    .then((line) => HandRequest.parse(JSON.parse(line)))
    .then((request) => perform(deps, request))
    .then(
      (value): HandAnswer => ({ ok: true, value: value ?? null }),
      (error: unknown): HandAnswer => ({ ok: false, message: Failure.safeParse(error).data?.message ?? String(error) }),
    );
  if (!answer.ok) deps.logger.warn({ reason: answer.message }, 'the agent’s request failed');
  socket.end(`${JSON.stringify(answer)}\n`);
  // To see the end of what is sent: until then the connection stays open.
  socket.resume();
}

async function perform(deps: GatewayHandDeps, request: HandRequest): Promise<unknown> {
  const { host } = deps;
  if (request.op === 'run') {
    const { file, args, env, timeout_ms } = request;
    const isOpenclaw = file === deps.openclaw.node && args[0] === deps.openclaw.openclaw_mjs;
    if (!isOpenclaw) throw new Error('only OpenClaw’s own command line is run');
    return host.run(file, args, { env, timeoutMs: timeout_ms });
  }
  if (!deps.folders.some((folder) => isInside(folder, request.path))) throw new Error(`${request.path} is not in a folder of the gateway`);
  switch (request.op) {
    case 'readText': return host.readText(request.path);
    case 'fileSize': return host.fileSize(request.path);
    case 'writeAtomic': return host.writeAtomic(request.path, request.text);
    case 'list': return host.list(request.path);
    case 'append': return host.append(request.path, request.text);
    case 'truncate': return host.truncate(request.path, request.bytes);
    case 'remove': return host.remove(request.path);
    case 'ensureDir': return host.ensureDir(request.path);
  }
}

/** By name, as the paths are written: links inside lead only to where the gateway's user gets anyway. */
export function isInside(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return isAbsolute(path) && inside !== '..' && !inside.startsWith(`..${sep}`);
}

/**
 * Resolves when nobody has been connected for `idleMs`, or `signal` aborts; the server is closed then. A connection that
 * is older than `longestMs` is cut off: what hangs in the gateway's folders must not keep the process, and with it every
 * later request.
 */
export async function untilIdle(server: Server, input: { clock: Clock; idleMs: number; longestMs: number; signal: AbortSignal }): Promise<void> {
  const { clock, idleMs, longestMs, signal } = input;
  const open = new Map<Socket, number>();
  let idleSinceMs = clock.monotonicMs();
  server.on('connection', (socket) => {
    open.set(socket, clock.monotonicMs());
    socket.once('close', () => {
      open.delete(socket);
      idleSinceMs = clock.monotonicMs();
    });
  });
  while (!signal.aborted && (open.size > 0 || clock.monotonicMs() - idleSinceMs < idleMs)) {
    await clock.sleep(open.size > 0 ? idleMs : Math.max(1, idleMs - (clock.monotonicMs() - idleSinceMs)), signal);
    for (const [socket, sinceMs] of open) if (clock.monotonicMs() - sinceMs >= longestMs) socket.destroy();
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
