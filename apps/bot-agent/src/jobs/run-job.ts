import { type Host } from '../host.js';
import { fetchPrices } from './fetch-prices.js';
import { riskCheck } from './risk-check.js';
import { TradingParamsFile } from './trading-params-file.js';

export const JOBS = ['fetch-prices', 'risk-check'] as const;
export type JobName = (typeof JOBS)[number];

/** Runs one of OpenClaw's command jobs. Returns the line to print and the exit code: 1 when the job could not be done. */
export async function runJob(
  host: Pick<Host, 'readText'>,
  input: { job: JobName; paramsFile: string; dataUrl: string | null },
): Promise<{ line: string; exitCode: number }> {
  const result = await run(host, input);
  return { line: JSON.stringify({ job: input.job, ...result }), exitCode: result.status === 'error' ? 1 : 0 };
}

async function run(host: Pick<Host, 'readText'>, { job, paramsFile, dataUrl }: { job: JobName; paramsFile: string; dataUrl: string | null }) {
  const params = readParams(await host.readText(paramsFile));
  if (!params) return { status: 'error' as const, error: 'there are no trading parameters yet' };
  return job === 'fetch-prices' ? fetchPrices({ assets: params.assets, dataUrl }) : riskCheck(params);
}

function readParams(text: string | null): TradingParamsFile | null {
  try {
    return TradingParamsFile.parse(JSON.parse(text ?? ''));
  } catch {
    return null;
  }
}
