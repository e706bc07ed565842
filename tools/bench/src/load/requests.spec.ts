import { BotStatus, MetricPoint } from '@trawling/contracts';
import { z } from 'zod';
import { type BenchFleet } from '../seed/bench-fleet.js';
import { requestsOf } from './requests.js';

const bot = (digit: string): BenchFleet['bots'][number] => ({
  bot_id: `0190aaaa-0000-7000-8000-00000000000${digit}`,
  generation: 1,
  credential: `ttb_0190bbbb-0000-7000-8000-00000000000${digit}_${'A'.repeat(43)}`,
  hash: `sha256:${digit.repeat(64)}`,
});
const fleet: BenchFleet = { root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }, bots: [bot('1'), bot('2')] };

function parse(request: string): { line: string; headers: string; body: string } {
  const [head = '', body = ''] = request.split('\r\n\r\n');
  const [line = '', ...headers] = head.split('\r\n');
  return { line, headers: headers.join('\n'), body };
}

describe('the requests of the load generator', () => {
  it('ask as each bot in turn, with its own credential and ETag', () => {
    const next = requestsOf('poll', fleet, 'host:1');

    const [first, second, third] = [next(), next(), next()];

    expect(parse(first)).toEqual({
      line: 'GET /bots/0190aaaa-0000-7000-8000-000000000001/config HTTP/1.1',
      headers: `Host: host:1\nAuthorization: Bearer ${bot('1').credential}\nIf-None-Match: "${bot('1').hash}"`,
      body: '',
    });
    expect(second).toContain(bot('2').credential);
    expect(third).toBe(first);
  });

  it('beat as the contract says, with a sequence that grows', () => {
    const next = requestsOf('heartbeat', fleet, 'host:1');

    const beats = [next(), next(), next()].map(parse);

    const sequences = beats.map(({ body }) => BotStatus.parse(JSON.parse(body)).sequence);
    expect([...sequences].sort((a, b) => a - b)).toEqual(sequences);
    expect(new Set(sequences).size).toBe(3);
    for (const { headers, body } of beats) expect(headers).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
  });

  it('measure ten points of a moment that no bot tells of twice', () => {
    const next = requestsOf('metrics', fleet, 'host:1');

    const batches = Array.from({ length: 6 }, () => parse(next()));

    const moments = batches.map(({ line, headers, body }) => {
      const points = z.array(MetricPoint).length(10).parse(JSON.parse(body));
      expect(headers).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
      expect(new Set(points.map(({ name }) => name)).size).toBe(10);
      return `${line} ${points[0]?.timestamp}`;
    });
    expect(new Set(moments).size).toBe(6);
  });
});
