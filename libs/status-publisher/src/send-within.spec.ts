import { createFakeClock } from '@trawling/runtime/testing';
import { sendWithin } from './send-within.js';
import { anyStatus } from './testing/any-status.js';

const clock = createFakeClock();
const neverLetsGo = (): Promise<never> => new Promise(() => undefined);

describe('a status with limits', () => {
  it('ends in time although its sender does not let go', async () => {
    const sending = sendWithin(neverLetsGo, anyStatus(), { clock, timeoutMs: 5_000, giveUp: new AbortController().signal });

    await clock.advance(5_000);

    expect(await sending).toMatchObject({ ok: false, reason: 'timeout' });
  });

  it('ends when it is given up although its sender does not let go', async () => {
    const giveUp = new AbortController();
    const sending = sendWithin(neverLetsGo, anyStatus(), { clock, timeoutMs: 5_000, giveUp: giveUp.signal });

    giveUp.abort();

    expect(await sending).toMatchObject({ ok: false, reason: 'given-up' });
    expect(clock.sleeping()).toBe(0);
  });

  it('is not sent at all when it was given up before', async () => {
    const send = jest.fn(neverLetsGo);

    expect(await sendWithin(send, anyStatus(), { clock, timeoutMs: 5_000, giveUp: AbortSignal.abort() })).toMatchObject({ reason: 'given-up' });
    expect(send).not.toHaveBeenCalled();
  });

  it('tells its sender to let go when time is over', async () => {
    let letGo: AbortSignal | undefined;
    const sending = sendWithin((_, signal) => ((letGo = signal), neverLetsGo()), anyStatus(), { clock, timeoutMs: 5_000, giveUp: new AbortController().signal });

    await clock.advance(5_000);
    await sending;

    expect(letGo?.aborted).toBe(true);
  });
});
