import { StreamHint, type StreamTopic } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { WebSocket } from 'ws';
import { type TestBot } from './test-bot.js';

/** What a refused upgrade was answered with. */
export interface Refused {
  status: number;
  code: string;
  headers: Record<string, string | string[] | undefined>;
}

/** A bot's open stream, keeping what it hears. */
export class TestStream {
  readonly hints: StreamTopic[][] = [];
  closed: { code: number; reason: string } | undefined;

  private constructor(readonly socket: WebSocket) {
    // Binary frames would be a breach of the protocol: StreamHint.parse throws for them as for any other text.
    socket.on('message', (data, isBinary) => this.hints.push(StreamHint.parse(isBinary ? null : JSON.parse(String(data))).topics));
    socket.on('close', (code, reason) => (this.closed = { code, reason: String(reason) }));
  }

  /** Open, and told to look at everything. */
  static async of(bot: TestBot, options: { autoPong?: boolean } = {}): Promise<TestStream> {
    const opened = await TestStream.ask(bot, { options });
    if (!(opened instanceof TestStream)) throw new Error(`the stream was refused: ${opened.status} ${opened.code}`);
    await until(() => opened.hints.length > 0);
    return opened;
  }

  /** Asks for a stream that is to be refused. */
  static async refused(bot: TestBot, headers: Record<string, string> = {}, path?: string): Promise<Refused> {
    const refused = await TestStream.ask(bot, { headers, ...(path !== undefined && { path }) });
    if (refused instanceof TestStream) throw new Error('the stream was not refused');
    return refused;
  }

  /** Asks for a stream, whatever comes of it. */
  static ask(
    bot: TestBot,
    input: { headers?: Record<string, string>; path?: string; options?: { autoPong?: boolean } } = {},
  ): Promise<TestStream | Refused> {
    const url = `${bot.world.url.replace('http', 'ws')}${input.path ?? `/bots/${bot.id}/stream`}`;
    const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${bot.credential}`, ...input.headers }, ...input.options });
    const stream = new TestStream(socket);
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(stream));
      socket.on('error', reject);
      socket.on('unexpected-response', (_request, answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => {
          const { code } = JSON.parse(Buffer.concat(parts).toString());
          resolve({ status: answer.statusCode ?? 0, code, headers: answer.headers });
          socket.terminate();
        });
      });
    });
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed);
  }

  async leave(): Promise<void> {
    this.socket.close();
    await this.untilClosed();
  }
}
