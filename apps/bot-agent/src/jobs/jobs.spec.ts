import { createServer, type Server } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { wantedState } from '../apply/plan.js';
import { realHost } from '../host.js';
import { MACHINE, payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { runJob } from './run-job.js';

describe('the jobs that OpenClaw’s scheduler runs', () => {
  const folder = temporaryFolder();
  let server: Server | null = null;

  beforeEach(async () => {
    const payload = payloadWith({ asset_focus: 'custom', custom_assets: ['BTC', 'ETH'] });
    const { tradingParams } = wantedState({ payload, machine: MACHINE, fence: 'exits_only', secrets: {} });
    await writeFile(folder.path('params.json'), tradingParams ?? '');
  });
  afterEach(async () => {
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    server = null;
  });
  const source = async (answer: string, status = 200): Promise<{ url: string; asked: string[] }> => {
    const asked: string[] = [];
    const started = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' }).end(answer);
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    return { url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/`, asked };
  };
  const run = async (job: 'fetch-prices' | 'risk-check', dataUrl: string | null = null, paramsFile = folder.path('params.json')) => {
    const { line, exitCode } = await runJob(realHost, { job, paramsFile, dataUrl });
    return { exitCode, ...JSON.parse(line) };
  };

  it('fetch-prices says plainly that it has no source', async () => {
    expect(await run('fetch-prices')).toEqual({ job: 'fetch-prices', exitCode: 0, status: 'no-source', assets: ['BTC', 'ETH'] });
  });

  it('fetch-prices asks for the bot’s assets and names those without a price', async () => {
    const { url, asked } = await source('{"prices":{"BTC":100000.5}}');

    expect(await run('fetch-prices', url)).toEqual({
      job: 'fetch-prices', exitCode: 0, status: 'ok', assets: ['BTC', 'ETH'], prices: { BTC: 100000.5 }, missing: ['ETH'],
    });
    expect(decodeURIComponent(asked[0] ?? '')).toBe('/prices?assets=BTC,ETH');
  });

  it.each([['{"prices":"none"}', 200], ['{}', 500]])('fetch-prices fails on %s with %p', async (answer, status) => {
    const { url } = await source(answer, status);

    expect(await run('fetch-prices', url)).toMatchObject({ exitCode: 1, status: 'error' });
  });

  it('risk-check prints the caps the bot runs under', async () => {
    expect(await run('risk-check')).toMatchObject({
      exitCode: 0, status: 'ok', trading_mode: 'paper', exits_only: true, config_version: '1', caps: { max_daily_loss_usd: 50 },
    });
  });

  it('both fail when there are no trading parameters yet', async () => {
    expect(await run('risk-check', null, folder.path('nothing.json'))).toMatchObject({ exitCode: 1, status: 'error' });
  });
});
