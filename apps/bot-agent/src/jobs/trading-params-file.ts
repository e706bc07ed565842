import { TradingParams } from '@trawling/contracts';
import { z } from 'zod';

/** trading-params.json, as the agent writes it: the applied version's parameters and what the fence makes of them. */
export const TradingParamsFile = TradingParams.extend({ exits_only: z.boolean(), config_version: z.string() });
export type TradingParamsFile = z.infer<typeof TradingParamsFile>;
