import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', 'scripts');

describe('the scripts of the boot test', () => {
  it.each(readdirSync(folder))('%s is understood by bash', (name) => {
    expect(() => execFileSync('bash', ['-n', join(folder, name)], { stdio: 'pipe' })).not.toThrow();
  });
});
