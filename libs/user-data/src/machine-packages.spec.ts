import { createHash } from 'node:crypto';
import { machinePackages } from './machine-packages.js';
import { committedLock } from './testing/index.js';

describe('what a machine is made of', () => {
  it('is what the committed lock pins', () => {
    const lock = committedLock();
    const packages = machinePackages(lock);

    expect(packages.openclaw).toEqual({ version: '2026.9.6', lock_sha256: `sha256:${createHash('sha256').update(lock).digest('hex')}` });
    expect(packages.node.version).toMatch(/^24\./);
    expect(packages.node.integrity.x64).not.toBe(packages.node.integrity.arm64);
  });

  it('every package of the lock has a digest, of its own or of the package it comes inside', () => {
    const lock: { packages: Record<string, { integrity?: string; inBundle?: boolean }> } = JSON.parse(committedLock().toString('utf8'));
    const unpinned = Object.entries(lock.packages).filter(
      ([path, { integrity, inBundle }]) => path !== '' && inBundle !== true && !integrity?.startsWith('sha512-'),
    );

    expect(unpinned.map(([path]) => path)).toEqual([]);
  });

  it.each(['{}', '{"packages":{"node_modules/openclaw":{"version":"1.0.0","integrity":"sha512-"}}}', 'text'])('is not made up from %s', (lock) => {
    expect(() => machinePackages(Buffer.from(lock))).toThrow();
  });
});
