import { appendFileSync, mkdtempSync, openSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundLog } from './bound-logs.js';
import { childEnvironment } from './child-environment.js';

describe('what a machine keeps and what it is told', () => {
  it('a log that grows too large keeps its last part beside a new beginning, with the writer still at it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawling-logs-'));
    const file = join(folder, 'gateway.log');
    const writer = openSync(file, 'a');
    writeSync(writer, 'old '.repeat(100));
    await boundLog(file, 1_000);
    expect(readFileSync(file, 'utf8')).toHaveLength(400);

    appendFileSync(file, 'x'.repeat(700));
    await boundLog(file, 1_000);
    writeSync(writer, 'new');
    closeSync(writer);

    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readFileSync(`${file}.1`, 'utf8')).toHaveLength(1_100);
    await rm(folder, { recursive: true, force: true });
  });

  it('a child gets a few names of the environment, never addresses or keys of the control plane', () => {
    const source = { PATH: '/bin', LANG: 'C', DATABASE_URL: 'postgresql://u:p@h/d', REDIS_URL: 'redis://h', MASTER_KEYS: 'k', OPENAI_API_KEY: 'sk', npm_config_local_prefix: '/x' };

    expect(childEnvironment(source, { HOME: '/machine' })).toEqual({ PATH: '/bin', LANG: 'C', HOME: '/machine' });
  });
});
