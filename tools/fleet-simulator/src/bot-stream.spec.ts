import { STREAM_CLOSE } from '@trawling/contracts';
import { pauseMs } from './bot-stream.js';

describe('a bot whose stream was closed', () => {
  it.each([
    ['because the server starts again', STREAM_CLOSE.restart, 1, 0, 5_000],
    ['because the server has too much to do', STREAM_CLOSE.overloaded, 1, 5_000, 30_000],
    ['by the network', 1006, 1, 0, 2_000],
    ['by the network, again and again', 1006, 50, 0, 60_000],
  ])('%s comes back somewhere in a span of time', (_why, code, failures, from, to) => {
    expect(pauseMs(code, failures, () => 0)).toBe(from);
    expect(pauseMs(code, failures, () => 1)).toBe(to);
  });
});
