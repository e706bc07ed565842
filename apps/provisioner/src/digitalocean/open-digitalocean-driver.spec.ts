import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { createMetrics } from '@trawling/http';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { Env } from '../env.js';
import { openDigitalOceanDriver } from './open-digitalocean-driver.js';

describe('the driver’s start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-driver-'));
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const settings = {
    DATABASE_URL: 'postgres://127.0.0.1/none', SYNC_ADAPTER_URL: 'https://bots.example.com', MACHINE_DRIVER: 'digitalocean',
    DIGITALOCEAN_TOKEN: 'dop_v1_x', DIGITALOCEAN_API_URL: 'http://127.0.0.1:9',
  };
  const open = (more: Record<string, string>) =>
    openDigitalOceanDriver((close) => void closers.push(close), Env.parse({ ...settings, ...more }), {
      // Asked by requests only, and nothing is requested here.
      store: { change: () => Promise.reject(new Error('no request')) },
      clock: createFakeClock(),
      random: () => 0,
      logger: createMemoryLogger().logger,
      metrics: createMetrics(),
      installationId: '0190bbbb-0000-7000-8000-000000000001',
      claimAccount: async (account: string) => account,
    });
  const withFile = (pem: string) => {
    const file = join(folder, 'authorities.pem');
    writeFileSync(file, pem);
    return () => open({ MACHINE_CA_FILE: file });
  };

  it('takes a bundle as people have them: with comments, and with line ends of another system', () => {
    expect(withFile(`# Our own\r\n${rootCertificates[0]}\r\n\r\n# Another\r\n${rootCertificates[1]}`.replaceAll(/\r?\n/g, '\r\n'))).not.toThrow();
  });

  it.each([
    ['no certificate', '# none', /^MACHINE_CA_FILE \(.*authorities\.pem\) cannot be used: there is no certificate in it/],
    ['a whole system’s certificates, which no user data has room for', rootCertificates.join('\n'), /^No user data can be made with these settings: .*more than 65536$/],
  ])('ends with a sentence when the authorities have %s', (_what, pem, sentence) => {
    expect(withFile(pem)).toThrow(sentence);
  });

  it('ends with a sentence when there is no such file', () => {
    expect(() => open({ MACHINE_CA_FILE: join(folder, 'none.pem') })).toThrow(/^MACHINE_CA_FILE \(.*none\.pem\) cannot be used: ENOENT/);
  });

  it('wants both archives of a distribution or neither', () => {
    const problemOf = (more: Record<string, string>) => Env.safeParse({ ...settings, ...more }).error?.issues.map(({ path, message }) => `${path.join()}: ${message}`);
    const primary = { MACHINE_APT_MIRROR: 'https://mirror.example.com/debian' };
    const security = { MACHINE_APT_SECURITY_MIRROR: 'https://mirror.example.com/debian-security' };

    expect(problemOf(primary)).toEqual(['MACHINE_APT_SECURITY_MIRROR: MACHINE_APT_MIRROR needs it']);
    expect(problemOf(security)).toEqual(['MACHINE_APT_MIRROR: MACHINE_APT_SECURITY_MIRROR needs it']);
    expect(problemOf({ ...primary, ...security })).toBeUndefined();
  });
});
