import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { connectParams, type EventFrame, Hello, parseFrame, type ResponseFrame } from './frames.js';
import { away, gatewayError } from './gateway-error.js';

/** Frames larger than the gateway's own limit (25 MiB) cannot be honest. */
const MAX_FRAME_BYTES = 26 * 1024 * 1024;
/** The gateway ticks every 30 s: this long without any frame means the socket is dead. */
const SILENCE_MS = 75_000;

export interface GatewayConnection {
  hello: Hello;
  /** Sends one request. Rejects with a GatewayError; after a time-out (ms) it is unknown whether it happened. */
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown>;
  close(): void;
}

export interface ConnectOptions {
  url: string;
  token: string;
  agentVersion: string;
  platform: string;
  /** For the whole handshake, in milliseconds. */
  timeoutMs: number;
  onEvent(event: EventFrame): void;
  /** Called once after a connection that was open is gone; 1012 is a restart, 1013 "still starting". */
  onClose(code: number): void;
}

/** One authenticated WebSocket to the gateway; never reconnects by itself. */
export function openGatewayConnection(options: ConnectOptions): Promise<GatewayConnection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(options.url, { maxPayload: MAX_FRAME_BYTES, followRedirects: false });
    const pending = new Map<string, (frame: ResponseFrame | null) => void>();
    let open = false;
    let refusal: unknown = null;
    let silence: NodeJS.Timeout | undefined;

    const giveUp = setTimeout(() => {
      refusal ??= away('the gateway did not finish the handshake in time');
      socket.terminate();
    }, options.timeoutMs);

    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), SILENCE_MS);
    };

    const request = (method: string, params: unknown, timeoutMs: number): Promise<unknown> =>
      new Promise((answer, fail) => {
        if (socket.readyState !== WebSocket.OPEN) return fail(away(`${method}: the gateway connection is closed`));
        const id = randomUUID();
        const timer = setTimeout(() => {
          pending.delete(id);
          fail(away(`${method}: no answer within ${timeoutMs} ms`));
        }, timeoutMs);
        pending.set(id, (frame) => {
          clearTimeout(timer);
          pending.delete(id);
          if (frame === null) fail(away(`${method}: the gateway closed the connection`));
          else if (frame.ok) answer(frame.payload);
          else fail(gatewayError(method, frame.error ?? { code: 'UNKNOWN', message: 'refused without a reason' }));
        });
        socket.send(JSON.stringify({ type: 'req', id, method, params }));
      });

    const greet = async () => {
      const answer = await request('connect', connectParams(options), options.timeoutMs);
      const hello = Hello.parse(answer);
      clearTimeout(giveUp);
      open = true;
      resolve({ hello, request, close: () => socket.close() });
    };

    socket.on('message', (data) => {
      heard();
      const frame = parseFrame(data.toString());
      if (frame?.type === 'res') pending.get(frame.id)?.(frame);
      else if (frame?.event === 'connect.challenge')
        greet().catch((error: unknown) => {
          refusal = error;
          socket.close();
        });
      else if (frame && open) options.onEvent(frame);
    });
    socket.on('error', (error) => {
      refusal ??= away(error.message);
    });
    socket.on('close', (code) => {
      clearTimeout(giveUp);
      clearTimeout(silence);
      for (const settle of [...pending.values()]) settle(null);
      if (open) options.onClose(code);
      else reject(refusal ?? away(`the gateway closed the connection with ${code}`));
    });
  });
}
