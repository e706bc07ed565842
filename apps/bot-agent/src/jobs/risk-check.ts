import { type RiskCaps } from '@trawling/contracts';
import { type z } from 'zod';
import { type TradingParamsFile } from './trading-params-file.js';

export interface RiskCheckResult {
  status: 'ok';
  config_version: string;
  trading_mode: 'paper' | 'live';
  trading_enabled: boolean;
  exits_only: boolean;
  caps: z.infer<typeof RiskCaps>;
  /** This agent holds no positions of its own yet; stated, so that nobody reads "ok" as "checked against a book". */
  positions: 'none-held';
}

/** The caps the bot runs under. */
export const riskCheck = (params: TradingParamsFile): RiskCheckResult => ({
  status: 'ok',
  config_version: params.config_version,
  trading_mode: params.trading_mode,
  trading_enabled: params.trading_enabled,
  exits_only: params.exits_only,
  caps: params.risk_caps,
  positions: 'none-held',
});
