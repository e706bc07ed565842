import { certificatesIn, localAuthorities } from './local-authorities.js';

describe('the authorities a machine trusts because this computer does', () => {
  it('are the certificates alone, without what people write around them', () => {
    const one = '-----BEGIN CERTIFICATE-----\nAAAA\nBBB=\n-----END CERTIFICATE-----\n';
    const text = `# our proxy\r\n${one}between\n${one.trimEnd()}`;

    expect(certificatesIn(text)).toEqual([one, one]);
  });

  it('are none on a computer without such a folder', () => {
    expect(localAuthorities('/nowhere')).toEqual([]);
  });
});
