import { connect } from 'node:net';
import { z } from 'zod';
import { type Host } from '../host.js';
import { HandAnswer, type HandRequest, MAX_LINE_BYTES } from './hand-protocol.js';
import { readLine } from './read-line.js';

/** The first request waits for the hand's own start. */
const ANSWER_MS = 15_000;
const Ran = z.object({ code: z.int().nullable(), stdout: z.string(), stderr: z.string() });

/**
 * File access as the gateway's user, through the hand that listens on `socketPath`. Throws when the hand does not
 * answer, or says why it could not. What it answers comes from the gateway's user and is trusted as little.
 */
export function createHandHost(socketPath: string): Host {
  const ask = async <T>(schema: z.ZodType<T>, request: HandRequest, withinMs = ANSWER_MS): Promise<T> => {
    const answer = HandAnswer.parse(JSON.parse(await exchange(socketPath, request, withinMs)));
    if (!answer.ok) throw new Error(`gateway hand: ${answer.message}`);
    return schema.parse(answer.value);
  };
  const done = (request: HandRequest): Promise<void> => ask(z.unknown(), request).then(() => undefined);

  return {
    readText: (path) => ask(z.string().nullable(), { op: 'readText', path }),
    fileSize: (path) => ask(z.number().nullable(), { op: 'fileSize', path }),
    writeAtomic: (path, text) => done({ op: 'writeAtomic', path, text }),
    list: (path) => ask(z.array(z.string()), { op: 'list', path }),
    append: (path, text) => done({ op: 'append', path, text }),
    truncate: (path, bytes) => done({ op: 'truncate', path, bytes }),
    remove: (path) => done({ op: 'remove', path }),
    ensureDir: (path) => done({ op: 'ensureDir', path }),
    run: (file, args, { env, timeoutMs }) => ask(Ran, { op: 'run', file, args, env, timeout_ms: timeoutMs }, timeoutMs + ANSWER_MS),
  };
}

async function exchange(socketPath: string, request: HandRequest, withinMs: number): Promise<string> {
  const socket = connect(socketPath);
  // The reader below throws what this says; without a listener it would end the process.
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${withinMs} ms`)), withinMs);
  try {
    socket.write(`${JSON.stringify(request)}\n`);
    return await readLine(socket, MAX_LINE_BYTES);
  } catch (error) {
    throw new Error('The gateway hand does not answer', { cause: error });
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
