import { type BotSettings, DomainError } from '@trawling/contracts';

/**
 * Real money needs a deliberate word: every change that turns live trading on must say so.
 * `before` is null for a new bot. Throws DomainError `live-needs-confirmation`.
 */
export function confirmLive({ before, after, confirmLive }: {
  before: Pick<BotSettings, 'trading_mode'> | null;
  after: Pick<BotSettings, 'trading_mode'>;
  confirmLive: boolean;
}): void {
  if (after.trading_mode !== 'live' || before?.trading_mode === 'live' || confirmLive) return;
  throw new DomainError('live-needs-confirmation', 'This change turns live trading on; send confirm_live: true with it', {
    issues: [{ path: 'trading_mode', message: 'live needs confirm_live: true' }],
  });
}
