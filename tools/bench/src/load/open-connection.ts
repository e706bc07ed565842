import { connect } from 'node:net';

export type LoadConnection = { send: (request: string) => void; close: () => void };

const READ_BYTES = 64 * 1024;
const CR_LF_CR_LF = '\r\n\r\n';

/**
 * One kept-alive connection with one request at a time. It knows just enough HTTP to see where an answer ends, so that
 * one process can ask faster than one server can answer. `onAnswer` gets the status; `onEnd` why the connection is over.
 */
export function openConnection(target: { host: string; port: number }, on: {
  answer: (status: number, connection: LoadConnection) => void;
  end: (reason: string) => void;
}): Promise<LoadConnection> {
  return new Promise((resolve, reject) => {
    let pending = '';
    let isOpen = false;
    const over = (reason: string): void => {
      if (isOpen) on.end(reason);
      else reject(new Error(reason));
      isOpen = false;
    };
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    const socket = connect({
      ...target,
      noDelay: true,
      onread: {
        buffer,
        callback(size) {
          pending += buffer.toString('latin1', 0, size);
          const length = answerLength(pending);
          if (length === 'unknown') socket.destroy(new Error('an answer without Content-Length'));
          if (length === null || length === 'unknown' || pending.length < length) return true;
          const status = Number(pending.slice(9, 12));
          pending = pending.slice(length);
          on.answer(status, connection);
          return true;
        },
      },
    });
    const connection: LoadConnection = {
      send: (request) => void socket.write(request, 'latin1'),
      close: () => {
        isOpen = false;
        socket.destroy();
      },
    };
    socket.once('connect', () => {
      isOpen = true;
      resolve(connection);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => over(error.code ?? error.message));
    socket.once('close', () => over('closed by the server'));
  });
}

/** Bytes of the answer that begins here; null while its head is not complete, `unknown` when the head does not say. 304 and 204 have no body. */
export function answerLength(text: string): number | null | 'unknown' {
  const headEnd = text.indexOf(CR_LF_CR_LF);
  if (headEnd < 0) return null;
  const status = text.slice(9, 12);
  if (status === '304' || status === '204') return headEnd + 4;
  const head = text.slice(0, headEnd);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  return length === undefined ? 'unknown' : headEnd + 4 + Number(length);
}
