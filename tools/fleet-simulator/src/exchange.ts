import { type IncomingHttpHeaders } from 'node:http';
import { type Dispatcher } from 'undici';
import { type Line } from './open-connections.js';

export type Asked = {
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: string | null;
  /** Without a byte of the answer, or of the rest of it. */
  timeoutMs: number;
};

export type Received = {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** Of head and body, as the socket counted them. */
  bytes: number;
};

/** What undici calls by names of its own. */
const PLAIN_CODES: Record<string, string> = {
  UND_ERR_SOCKET: 'ECONNRESET',
  UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_HEADERS_TIMEOUT: 'ETIMEDOUT',
  UND_ERR_BODY_TIMEOUT: 'ETIMEDOUT',
};
/** How it shows that the server has closed the connection. */
const CLOSED_CODES: readonly (string | undefined)[] = ['ECONNRESET', 'EPIPE'];

/** One request and its answer. A class: ten thousand bots make hundreds a second, and closures for each would be most of the garbage. */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Never rejects. */
  readonly answered: Promise<Received | NodeJS.ErrnoException>;
  /** Answered, failed or aborted: whoever waits has been told. */
  over = false;
  private settle: (outcome: Received | NodeJS.ErrnoException) => void = () => undefined;
  private line: Line | null = null;
  private controller: Dispatcher.DispatchController | null = null;
  private isRepeat = false;
  private reused = false;
  private bytesBefore = 0;
  private status = 0;
  private headers: IncomingHttpHeaders = {};
  private text: Buffer[] = [];

  constructor(private readonly asked: Asked) {
    this.answered = new Promise((resolve) => (this.settle = resolve));
  }

  send(line: Line): void {
    const { method, path, headers, body, timeoutMs } = this.asked;
    this.line = line;
    line.client.dispatch({ method, path, headers, body, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }, this);
  }

  /** Tells whoever waits; what is sent already goes on until `hangUp`. */
  fail(error: Error): void {
    this.over = true;
    this.settle(error);
  }

  hangUp(): void {
    this.controller?.abort(new Error('hung up'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Failed while the connection was made.
    if (this.over) return this.hangUp();
    this.reused = this.line?.used ?? false;
    this.bytesBefore = this.line?.socket?.bytesRead ?? 0;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.status = status;
    this.headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.text.push(chunk);
  }

  onResponseEnd(): void {
    const { line, status, headers, text } = this;
    const bytes = this.bytesSince();
    this.over = true;
    if (line) line.used = true;
    this.settle({ status, headers, text: text.length === 1 ? String(text[0]) : Buffer.concat(text).toString('utf8'), bytes });
    line?.free();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    const code = PLAIN_CODES[error.code ?? ''] ?? error.code;
    // The server closed a kept-alive connection in the moment it was used: the one error that is nobody's fault.
    const repeat = !this.over && !this.isRepeat && this.reused && this.bytesSince() === 0 && CLOSED_CODES.includes(code);
    this.isRepeat = repeat;
    if (!repeat) this.fail(Object.assign(error, { code }));
    this.line?.lost(repeat ? this : null);
  }

  private bytesSince(): number {
    return (this.line?.socket?.bytesRead ?? 0) - this.bytesBefore;
  }
}
