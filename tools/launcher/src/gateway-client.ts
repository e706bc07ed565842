import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { z } from 'zod';

/**
 * A client of OpenClaw's gateway that shares no code with the agent: what the walk and the tests see through it is
 * not the agent's word. Protocol v4; `gateway-client`/`backend` with the shared token is the loopback exception that
 * needs no paired device.
 */
export type GatewayClient = {
  /** OpenClaw's version, and an id that changes with every start of the gateway. */
  server: { version: string; bootId: string };
  /** Rejects with GatewayError when OpenClaw refuses, with Error when the connection ends or it takes too long. */
  request: (method: string, params?: object, timeoutMs?: number) => Promise<unknown>;
  /** Resolves when the connection has ended, whoever ended it. */
  closed: Promise<void>;
  close: () => void;
};

export class GatewayError extends Error {
  constructor(readonly code: string, message: string, readonly details: unknown) {
    super(message);
  }
}

const Hello = z.looseObject({ server: z.looseObject({ version: z.string(), bootId: z.string() }) });
const Frame = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('event'), event: z.string(), payload: z.unknown() }),
  z.looseObject({
    type: z.literal('res'),
    id: z.string(),
    ok: z.boolean(),
    payload: z.unknown(),
    error: z.looseObject({ code: z.string(), message: z.string(), details: z.unknown() }).optional(),
  }),
]);

const connectParams = (token: string) => ({
  minProtocol: 4,
  maxProtocol: 4,
  client: { id: 'gateway-client', version: '0.1.0', platform: process.platform, mode: 'backend' },
  role: 'operator',
  scopes: ['operator.admin'],
  caps: [],
  auth: { token },
});

export async function connectGateway(input: {
  url: string;
  token: string;
  timeoutMs?: number;
  onEvent?: (event: string, payload: unknown) => void;
}): Promise<GatewayClient> {
  const { url, token, timeoutMs = 10_000, onEvent } = input;
  const socket = new WebSocket(url, { handshakeTimeout: timeoutMs, maxPayload: 32 * 2 ** 20 });
  const waiting = new Map<string, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastError = 'the gateway closed the connection';
  const closed = new Promise<void>((done) =>
    socket.once('close', (code, reason) => {
      for (const { reject } of waiting.values()) reject(new Error(`${lastError} (${code}${reason.length ? ` ${String(reason)}` : ''})`));
      waiting.clear();
      done();
    }),
  );
  socket.on('error', (error) => (lastError = error.message));

  const request = (method: string, params: object = {}, requestTimeoutMs = 20_000): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) return reject(new Error(`${method}: not connected to the gateway`));
      const id = randomUUID();
      const timer = setTimeout(() => settle(() => reject(new Error(`${method} was not answered within ${requestTimeoutMs} ms`))), requestTimeoutMs);
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        waiting.delete(id);
        end();
      };
      waiting.set(id, {
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      });
      socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });

  const challenged = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the gateway sent no challenge')), timeoutMs);
    void closed.then(() => {
      clearTimeout(timer);
      reject(new Error(lastError));
    });
    socket.on('message', (data) => {
      const frame = Frame.safeParse(JSON.parse(String(data)));
      if (!frame.success) return;
      if (frame.data.type === 'event') {
        if (frame.data.event !== 'connect.challenge') return onEvent?.(frame.data.event, frame.data.payload);
        clearTimeout(timer);
        return resolve();
      }
      const { id, ok, payload, error } = frame.data;
      if (ok) waiting.get(id)?.resolve(payload);
      else waiting.get(id)?.reject(new GatewayError(error?.code ?? 'UNKNOWN', error?.message ?? 'refused', error?.details));
    });
  });

  try {
    await challenged;
    const { server } = Hello.parse(await request('connect', connectParams(token), timeoutMs));
    return { server, request, closed, close: () => socket.close() };
  } catch (error) {
    socket.terminate();
    throw error;
  }
}
