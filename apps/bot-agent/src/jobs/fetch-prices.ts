import axios from 'axios';
import { z } from 'zod';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 1024 * 1024;

const Prices = z.object({ prices: z.record(z.string(), z.number()) });

/** What the job prints: one JSON line that OpenClaw keeps as the result of the run. */
export type FetchPricesResult =
  | { status: 'ok'; assets: string[]; prices: Record<string, number>; missing: string[] }
  | { status: 'no-source'; assets: string[] }
  | { status: 'error'; assets: string[]; error: string };

/** Asks the data-retrieval service for the prices of the bot's assets. Deterministic, no LLM; never throws. */
export async function fetchPrices(input: { assets: string[]; dataUrl: string | null }): Promise<FetchPricesResult> {
  const { assets, dataUrl } = input;
  if (dataUrl === null) return { status: 'no-source', assets };
  try {
    const { data } = await axios.get<unknown>(`${dataUrl.replace(/\/+$/, '')}/prices`, {
      params: { assets: assets.join(',') },
      timeout: TIMEOUT_MS,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      maxRedirects: 0,
      maxContentLength: MAX_BYTES,
      paramsSerializer: { indexes: null },
    });
    const { prices } = Prices.parse(data);
    return { status: 'ok', assets, prices, missing: assets.filter((asset) => !(asset in prices)) };
  } catch (error) {
    return { status: 'error', assets, error: error instanceof Error ? error.message.slice(0, 500) : String(error) };
  }
}
