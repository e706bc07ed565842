import { confirmLive } from './confirm-live.js';

const paper = { trading_mode: 'paper' } as const;
const live = { trading_mode: 'live' } as const;

describe('confirmLive', () => {
  it.each([[paper], [null]])('refuses to turn live trading on silently, coming from %j', (before) => {
    expect(() => confirmLive({ before, after: live, confirmLive: false })).toThrow(
      expect.objectContaining({ code: 'live-needs-confirmation' }),
    );
  });

  it('turns live trading on when the owner says so', () => {
    expect(() => confirmLive({ before: paper, after: live, confirmLive: true })).not.toThrow();
  });

  it.each([[live, live], [live, paper], [paper, paper], [null, paper]])('needs no confirmation from %j to %j', (before, after) => {
    expect(() => confirmLive({ before, after, confirmLive: false })).not.toThrow();
  });
});
