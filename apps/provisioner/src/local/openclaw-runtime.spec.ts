import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explain } from './npm-ci.js';
import { ensureOpenclawRuntime } from './openclaw-runtime.js';
import { canRunOpenclaw } from './find-openclaw-node.js';

/** Does what `npm ci` does for us: writes node_modules, with a Node that is new enough. */
const FAKE_NPM = `#!${process.execPath}
const fs = require('node:fs'), path = require('node:path');
const root = process.cwd(), mode = fs.readFileSync(path.join(__dirname, 'mode'), 'utf8');
fs.appendFileSync(path.join(__dirname, 'runs'), process.argv.slice(2).join(' ') + '\\n');
if (mode === 'offline') { console.error('npm error code ENOTFOUND\\nnpm error network request to https://registry.example/openclaw failed'); process.exit(1); }
const openclaw = path.join(root, 'node_modules', 'openclaw');
const bin = path.join(root, 'node_modules', 'node-' + process.platform + '-' + process.arch, 'bin');
fs.mkdirSync(openclaw, { recursive: true });
fs.mkdirSync(bin, { recursive: true });
fs.writeFileSync(path.join(openclaw, 'openclaw.mjs'), '');
const version = mode === 'wrong-version' ? '1.0.0' : '2026.9.6';
// Answers both questions that are asked of a Node: its own version, and OpenClaw's.
fs.writeFileSync(path.join(bin, 'node'), '#!/bin/sh\\nif [ "$1" = "-p" ]; then echo "$0"; echo v24.21.0; else echo "OpenClaw ' + version + '"; fi\\n', { mode: 0o755 });
setTimeout(() => {}, 150);
`;

describe('installing the pinned OpenClaw', () => {
  let root: string;
  let input: { cacheDir: string; manifestFolder: string; npm: string };
  const setMode = (mode: string): void => writeFileSync(join(root, 'mode'), mode);
  const runs = (): string[] => (existsSync(join(root, 'runs')) ? readFileSync(join(root, 'runs'), 'utf8').trim().split('\n') : []);
  const writeManifest = (version: string): void => {
    writeFileSync(join(input.manifestFolder, 'package.json'), JSON.stringify({ dependencies: { openclaw: '2026.9.6' }, version }));
    writeFileSync(join(input.manifestFolder, 'package-lock.json'), '{}');
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'trawling-runtime-'));
    input = { cacheDir: join(root, 'cache'), manifestFolder: join(root, 'manifest'), npm: join(root, 'npm') };
    mkdirSync(input.manifestFolder);
    writeManifest('0.0.0');
    writeFileSync(input.npm, FAKE_NPM);
    chmodSync(input.npm, 0o755);
    setMode('good');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('happens once, without install scripts, and then only answers where it lies', async () => {
    const progress: string[] = [];

    const first = await ensureOpenclawRuntime({ ...input, onProgress: (line) => progress.push(line) });
    const second = await ensureOpenclawRuntime(input);

    expect(second).toEqual(first);
    expect(existsSync(first.openclawMjs) && existsSync(first.node)).toBe(true);
    expect(runs()).toHaveLength(1);
    expect(runs()[0]).toContain('--ignore-scripts');
    expect(progress[0]).toContain('Installing OpenClaw 2026.9.6');
    expect(progress.at(-1)).toContain('is installed');
  });

  it('is done by one of two that want it at the same time; the other waits and says so', async () => {
    const progress: string[] = [];
    const onProgress = (line: string): void => void progress.push(line);

    const [first, second] = await Promise.all([ensureOpenclawRuntime({ ...input, onProgress }), ensureOpenclawRuntime({ ...input, onProgress })]);

    expect(second).toEqual(first);
    expect(runs()).toHaveLength(1);
    expect(progress).toContain('Waiting: another process is installing OpenClaw 2026.9.6');
  });

  it('begins again after a kill: nothing half-made is ever taken for whole', async () => {
    const { openclawMjs } = await ensureOpenclawRuntime(input);
    const folder = openclawMjs.slice(0, openclawMjs.indexOf('/node_modules'));
    await rm(join(folder, 'verified.json'));
    mkdirSync(`${folder}.draft-killed`);

    await ensureOpenclawRuntime(input);

    expect(runs()).toHaveLength(2);
    expect(readdirSync(input.cacheDir).filter((name) => name !== 'locks')).toEqual([folder.slice(input.cacheDir.length + 1)]);
  });

  it('lies in another folder for another lock', async () => {
    const first = await ensureOpenclawRuntime(input);
    writeManifest('0.0.1');

    const second = await ensureOpenclawRuntime(input);

    expect(second.openclawMjs).not.toBe(first.openclawMjs);
    expect(existsSync(first.openclawMjs)).toBe(true);
  });

  it('says in one sentence what to do without a network, and leaves nothing behind', async () => {
    setMode('offline');

    await expect(ensureOpenclawRuntime(input)).rejects.toThrow(/^OpenClaw could not be downloaded: the npm registry is not reachable\. Check the network/);

    expect(readdirSync(input.cacheDir)).toEqual(['locks']);
    setMode('good');
    expect((await ensureOpenclawRuntime(input)).version).toBe('2026.9.6');
  });

  it('says in one sentence what to do without npm', async () => {
    await expect(ensureOpenclawRuntime({ ...input, npm: join(root, 'no-npm') })).rejects.toThrow(/^npm was not found: install Node together with npm/);
  });

  it('does not take an OpenClaw of another version', async () => {
    setMode('wrong-version');

    await expect(ensureOpenclawRuntime(input)).rejects.toThrow(/says it is "OpenClaw 1\.0\.0" instead of 2026\.9\.6/);
  });

  it.each([
    ['npm error code ENOSPC', /disk is full/],
    ['npm error code EINTEGRITY', /differs from its pinned digest/],
    ['npm error code E403', /refuses access/],
    ['npm error something new\nmore', /npm ended with code 1 \(npm error something new\)/],
  ])('explains %j', (output, sentence) => {
    expect(explain(output, 1)).toMatch(sentence);
  });

  it.each([
    ['v20.19.0', false], ['v24.15.0', false], ['v24.16.0', true], ['v25.1.0', false], ['v26.0.0', false], ['v26.1.0', true], ['v27.0.0', true],
  ])('can run on Node %s: %s', (version, expected) => {
    expect(canRunOpenclaw(version)).toBe(expected);
  });
});
