import { StreamHint, type StreamTopic } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { once } from 'node:events';
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
    const stream = new TestStream(TestStream.connect(bot, {}, options));
    await once(stream.socket, 'open');
    await until(() => stream.hints.length > 0);
    return stream;
  }

  /** Asks for a stream that is to be refused. */
  static async refused(bot: TestBot, headers: Record<string, string> = {}, path?: string): Promise<Refused> {
    const socket = TestStream.connect(bot, headers, {}, path);
    socket.on('error', () => undefined);
    const [, answer] = await once(socket, 'unexpected-response');
    let text = '';
    for await (const part of answer) text += String(part);
    socket.terminate();
    return { status: answer.statusCode, code: JSON.parse(text).code, headers: answer.headers };
  }

  private static connect(bot: TestBot, headers: Record<string, string>, options: { autoPong?: boolean }, path = `/bots/${bot.id}/stream`): WebSocket {
    const url = `${bot.world.url.replace('http', 'ws')}${path}`;
    return new WebSocket(url, { headers: { Authorization: `Bearer ${bot.credential}`, ...headers }, ...options });
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed);
  }

  async leave(): Promise<void> {
    this.socket.close();
    await this.untilClosed();
  }
}
