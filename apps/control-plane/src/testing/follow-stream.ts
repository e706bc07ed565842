import { get, type IncomingMessage } from 'node:http';
import { z } from 'zod';

export type SeenEvent = { event: string; data: Record<string, unknown> };

export type Followed = {
  events: SeenEvent[];
  /** As `instance:<id>:<status>`, `gone:<id>` and `current`. */
  told: () => string[];
  comments: string[];
  headers: IncomingMessage['headers'];
  /** Whether the server ended it, well or by cutting it off. */
  end: Promise<'ended' | 'cut'>;
  /** Reads no more, and leaves the connection open. */
  pause: () => void;
  resume: () => void;
  close: () => void;
};

const Data = z.record(z.string(), z.unknown());

/** Follows a stream of Server-Sent Events; rejects when it is refused, with the status. */
export function followStream(url: string, key: string): Promise<Followed> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { Authorization: `Bearer ${key}` }, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        return reject(new Error(String(response.statusCode)));
      }
      const events: SeenEvent[] = [];
      const comments: string[] = [];
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text + chunk).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
          if (event === undefined || data === undefined) comments.push(block);
          else events.push({ event, data: Data.parse(JSON.parse(data)) });
        }
      });
      const end = new Promise<'ended' | 'cut'>((done) => {
        response.on('end', () => done('ended'));
        response.on('error', () => done('cut'));
      });
      resolve({
        events,
        comments,
        headers: response.headers,
        end,
        told: () => events.map(({ event, data }) => [event, data['instance_id'], data['status']].filter((part) => part !== undefined).join(':')),
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        close: () => request.destroy(),
      });
    });
    request.on('error', reject);
  });
}
