import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './testing/temporary-folder.js';

const run = promisify(execFile);
const startFile = resolve(__dirname, '../../start.mjs');
const buildFile = resolve(__dirname, '../../build-services.mjs');
const folder = temporaryFolder();

/** start.mjs is an ES module without dependencies: it is asked in a Node of its own, as `npm start` runs it. */
async function ask(expression: string): Promise<string> {
  const script = `import(${JSON.stringify(startFile)}).then((start) => { try { console.log(JSON.stringify(${expression}) ?? 'fine') } catch (e) { console.log(e.message) } })`;
  return (await run(process.execPath, ['-e', script])).stdout.trim();
}

function checkout(name: string, wanted: object, installed: object | null): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'node_modules/a'), { recursive: true });
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  if (installed) writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
  return JSON.stringify(root);
}

describe('npm start, before anything is installed', () => {
  it('lists every option and what it reads of the environment with --help', async () => {
    const { stdout } = await run(process.execPath, [startFile, '--help']);

    for (const option of ['--once', '--json', '--bots', '--port-base', '--state-dir', '--timeout', '--fresh', 'DATABASE_URL', 'REDIS_URL', 'OPENAI_API_KEY']) expect(stdout).toContain(option);
  });

  it.each(['20.19.0', '20.20.2', '22.12.0', '24.21.0'])('runs on Node %s', async (version) => {
    expect(await ask(`start.checkMachine({ version: '${version}', platform: 'linux' })`)).toBe('fine');
  });

  it.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0'])('refuses Node %s in one sentence that says what to do', async (version) => {
    expect(await ask(`start.checkMachine({ version: '${version}', platform: 'linux' })`)).toMatch(/^Node 20\.19 or newer .* https:\/\/nodejs\.org .*\.$/);
  });

  it('sends people on Windows to WSL', async () => {
    expect(await ask(`start.checkMachine({ version: '24.0.0', platform: 'win32' })`)).toContain('WSL');
  });

  it('installs when node_modules does not hold what the lock asks for, and only then', async () => {
    const wanted = { '': {}, 'libs/x': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/mac-only': { version: '1.0.0', optional: true } };

    expect(await ask(`start.packagesAreInstalled(${checkout('none', wanted, null)})`)).toBe('false');
    expect(await ask(`start.packagesAreInstalled(${checkout('older', wanted, { 'node_modules/a': { version: '0.9.0' } })})`)).toBe('false');
    expect(await ask(`start.packagesAreInstalled(${checkout('same', wanted, { 'node_modules/a': { version: '1.0.0' } })})`)).toBe('true');
  });

  it('installs and builds alone: a second one waits, and a lock of a killed one counts no more', async () => {
    const lock = JSON.stringify(join(folder, 'start.lock'));
    const work = (name: string) => `build.alone(${lock}, async () => { order.push('${name} in'); await new Promise((r) => setTimeout(r, 300)); order.push('${name} out') }, { staleAfterMs: 100 })`;
    writeFileSync(join(folder, 'start.lock'), 'killed');
    const script = `import(${JSON.stringify(buildFile)}).then(async (build) => { const order = []; await Promise.all([${work('a')}, ${work('b')}]); console.log(JSON.stringify(order)) })`;

    const { stdout } = await run(process.execPath, ['-e', script]);

    const order = stdout.trim();
    expect(['["a in","a out","b in","b out"]', '["b in","b out","a in","a out"]']).toContain(order);
  });

  it('builds again when a source was changed, came or went, and not for what was built', async () => {
    const root = join(folder, 'sources');
    const fingerprint = async (): Promise<string> =>
      (await run(process.execPath, ['-e', `import(${JSON.stringify(buildFile)}).then((build) => console.log(build.fingerprintOf(${JSON.stringify(root)}, ['apps', 'nx.json'])))`])).stdout;
    mkdirSync(join(root, 'apps/a/src'), { recursive: true });
    mkdirSync(join(root, 'apps/a/dist'));
    writeFileSync(join(root, 'apps/a/src/main.ts'), 'one');

    const first = await fingerprint();
    writeFileSync(join(root, 'apps/a/dist/main.js'), 'built');
    const afterBuild = await fingerprint();
    writeFileSync(join(root, 'apps/a/src/main.ts'), 'two');
    const changed = await fingerprint();
    writeFileSync(join(root, 'apps/a/src/more.ts'), '');
    const added = await fingerprint();
    rmSync(join(root, 'apps/a/src/more.ts'));

    expect(afterBuild).toBe(first);
    expect(new Set([first, changed, added]).size).toBe(3);
    expect(await fingerprint()).toBe(changed);
  });
});
