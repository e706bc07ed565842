import type { BotSettings } from '@trawling/contracts';

const BASKETS = {
  'majors': ['BTC', 'ETH', 'SOL'],
  'tokenized-equities': ['AAPLX', 'NVDAX', 'SPYX', 'TSLAX'],
  'tokenized-metals': ['PAXG', 'XAUT'],
  'memes': ['BONK', 'DOGE', 'PEPE', 'SHIB', 'WIF'],
} as const satisfies Record<Exclude<BotSettings['asset_focus'], 'custom'>, readonly string[]>;

/** The symbols a bot trades; the owner's own list, without repeats, when the focus is `custom`. */
export function assetsOf(settings: Pick<BotSettings, 'asset_focus' | 'custom_assets'>): string[] {
  return settings.asset_focus === 'custom' ? [...new Set(settings.custom_assets)] : [...BASKETS[settings.asset_focus]];
}
