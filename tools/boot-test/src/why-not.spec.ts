import { whyNot } from './why-not.js';

describe('where a machine cannot be booted', () => {
  const path = process.env['PATH'] ?? '';

  it('says that it takes Linux', async () => {
    expect(await whyNot({ platform: 'darwin', uid: 0, path })).toContain('Linux');
  });

  it('says that it takes root', async () => {
    expect(await whyNot({ platform: 'linux', uid: 1000, path })).toContain('as root');
  });

  it('names the programs that are missing', async () => {
    expect(await whyNot({ platform: 'linux', uid: 0, path: '/nowhere' })).toContain('apt-get, chroot, dpkg-deb');
  });
});
